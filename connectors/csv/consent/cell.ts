/** What a cell of a consent column says, in the languages headers are read in. */
import { foldWords } from "../words.ts";

/**
 * `yes` and `no` answer the column's question; a `cross` marks a chosen box or says no, a `ballot` cross nearly always says
 * no: the column's other values decide. `granted`, `refused`, `withdrawn` and `pending` are statements of their own,
 * whatever was asked. `unset`: the source says that nobody said anything. `unreadable`: not a word we know.
 */
export type CellMeaning =
  | "blank"
  | "yes"
  | "no"
  | "cross"
  | "ballot"
  | "granted"
  | "active"
  | "refused"
  | "withdrawn"
  | "pending"
  | "undeliverable"
  | "unset"
  | "unreadable";

const BLANK =
  "-,--,---,\u2014,\u2013,.,_,/,\\,?,n/a,na,#n/a,null,nil,none specified,leer,(blank),(leer),(empty),empty,[],{}";
const CHECKS = "1.0,\u2713,\u2714,\u2611,\u2705,\u{1f5f8},\u{1f5f9},\u221a,[\u2713],[\u2714],\u{1f44d},\u2795,+";
const BALLOTS = "\u2717,\u2718,\u274c,\u274e";
const UNCHECKED = "0.0,\u2610,\u2b1c,\u25a1,\u25fb,[ ],[],( ),\u{1f44e},\u{1f6ab},\u26d4,\u{1f515},\u2796";
const CROSSES = "x,X,[x],[X],(x),(X),\u00d7,\u2715,\u2716,\u2612,xx,XX,\u{1f5f5}";

const words: Partial<Record<CellMeaning, string>> = {
  yes:
    "yes,y,true,t,1,on,checked,ja,j,wahr,an,oui,o,vrai,si,s,vero,verdadero,verdadera,sim,verdadeiro,waar,sand,sant,sann,kylla,k," +
    "tak,evet,ano,yes please,yes thanks,yes thank you,ja bitte,ja gerne,ja gern,oui merci,si gracias,si grazie,sim obrigado,ja graag,ja tack,ja tak,ja takk",
  no: "no,n,false,f,0,off,unchecked,nein,falsch,aus,non,faux,falso,falsa,nao,nee,onwaar,nej,falsk,falskt,nei,ei,e,epatosi,usann,usand,nie,hayir,ne",
  granted:
    "granted,subscribed,opted in,opt in,optin,optedin,accepted,accepts,agreed,consented,consent given,consent,given,signed up,allowed,allow,permitted," +
    "angemeldet,abonniert,zugestimmt,erteilt,eingewilligt,einverstanden,erlaubt,abonne,abonnee,inscrit,inscrite,accepte,acceptee,consenti,autorise," +
    "iscritto,iscritta,accettato,autorizzato,acconsento,consentito,suscrito,suscrita,aceptado,acepta,acepto,autorizado,consentido,aangemeld,ingeschreven," +
    "geabonneerd,akkoord,toegestaan,inscrito,inscrita,subscrito,aceito,aceite,aceita,autorizada,samtyckt,prenumererar,anmald,godkand,tillaten,tilmeldt,samtykket,accepteret," +
    "tilladt,pameldt,abonnerer,godtatt,tillatt,suostunut,tilaaja,tilannut,sallittu,hyvaksytty,confirmed,double opt in,confirmed opt in,doi,express,explicit consent,express consent," +
    "zgoda,wyrazona,udzielona,zapisany,zapisana,onayli,izinli,onay verildi,izin verildi,souhlas,souhlasi,prihlasen,prihlasena",
  active: "active,aktiv,actif,active member,activo,attivo,actief,ativo,aktiivinen,enabled",
  refused:
    "denied,not subscribed,never subscribed,nonsubscribed,non subscribed,refused,declined,rejected,no consent,not consented,not opted in,never opted in,not given,no thanks," +
    "no thank you,not allowed,disallowed,keine,kein,nicht angemeldet,nicht abonniert,nein danke,abgelehnt,verweigert,nicht erlaubt,nicht erteilt,keine einwilligung," +
    "refuse,refusee,non merci,non abonne,non inscrit,pas inscrit,rifiutato,rifiuta,negato,non iscritto,no grazie,rechazado,denegado,no gracias,no suscrito,geweigerd,niet aangemeld," +
    "niet akkoord,nee bedankt,recusado,negado,nao inscrito,nao obrigado,nekat,nekad,ej anmald,nej tack,afvist,ikke tilmeldt,nej tak,avvist,ikke pameldt,nei takk,evatty,ei kiitos,none,false opt in," +
    "brak zgody,brak,nie wyrazona,nie wyrazono,odmowa,izin yok,izinsiz,onaysiz,onay yok,bez souhlasu,nesouhlas,nesouhlasi,odmitnuto",
  withdrawn:
    "withdrawn,unsubscribed,unsubscribe,unsub,opted out,opt out,optout,optedout,revoked,cancelled,canceled,suppressed,removed,deleted from list,complained,complaint,spam,abuse,junk,marked as spam," +
    "blacklisted,blocklisted,blocked,dnc,do not contact,do not email,do not call,do not mail,do not allow,stop,stopall,stopped,quit,end,objected,abgemeldet,abbestellt,ausgetragen,widerrufen,widersprochen," +
    "gekundigt,gesperrt,desabonne,desabonnee,desinscrit,desinscrite,oppose,retire,revoque,resilie,disiscritto,disiscritta,cancellato,cancellata,revocato,ritirato,dado de baja,dada de baja,baja," +
    "de baja,cancelado,cancelada,revocado,retirado,desuscrito,afgemeld,uitgeschreven,ingetrokken,opgezegd,descadastrado,descadastrada,desinscrito,desinscrita,revogado,removido,avregistrerad,avanmald," +
    "avslutad,aterkallat,sparrad,afmeldt,frameldt,fravalgt,tilbagekaldt,avmeldt,reservert,trukket,tilbakekalt,peruttu,peruuttanut,perunut,kielletty,kielto," +
    "wypisany,wypisana,wypisano,rezygnacja,cofnieta,cofnieto,wycofana,odwolana,sprzeciw,abonelikten cikti,abonelikten ayrildi,ayrildi,iptal,iptal edildi," +
    "geri cekildi,reddetti,odhlasen,odhlasena,odhlaseno,odvolano",
  pending:
    "pending,unconfirmed,not confirmed,awaiting confirmation,double opt in pending,confirmation pending,waiting,requested,invited,ausstehend,unbestatigt,nicht bestatigt,en attente,non confirme,in attesa," +
    "da confermare,pendiente,sin confirmar,in afwachting,niet bevestigd,pendente,nao confirmado,vantar,vantande,afventer,venter,ikke bekreftet,odottaa,vahvistamatta," +
    "oczekuje,oczekujacy,niepotwierdzony,niepotwierdzona,beklemede,onay bekliyor,ceka,cekajici,nepotvrzen,nepotvrzeno",
  undeliverable:
    "cleaned,bounced,bounce,hard bounce,hard bounced,hardbounce,soft bounce,undeliverable,invalid,invalid email,unreachable,temp hold,held,unzustellbar,rebond,rimbalzato,rebotado,niet bezorgbaar,studsat",
  unset:
    "unknown,not unsubscribed,never unsubscribed,not opted out,never opted out,no opt out,not suppressed,not blocked,not specified,not set,unspecified,undefined,not asked,not provided,no answer,unbekannt,k a,keine angabe,nicht angegeben,inconnu,non renseigne,sconosciuto,non specificato,desconocido," +
    "sin especificar,onbekend,niet opgegeven,desconhecido,nao informado,okand,ukendt,ukjent,tuntematon,marketing contact,non marketing contact",
};

const meanings: ReadonlyMap<string, CellMeaning> = (() => {
  const known = new Map<string, CellMeaning>();
  for (const [meaning, list] of Object.entries(words) as [CellMeaning, string][]) {
    // Object.entries forgets the key type.
    for (const word of list.split(",")) if (!known.has(word)) known.set(word, meaning);
  }
  return known;
})();

const signs: ReadonlyMap<string, CellMeaning> = new Map([
  ...BLANK.split(",").map((sign) => [sign, "blank"] as const),
  ...UNCHECKED.split(",").map((sign) => [sign, "no"] as const),
  ...BALLOTS.split(",").map((sign) => [sign, "ballot"] as const),
  ...CROSSES.split(",").map((sign) => [sign, "cross"] as const),
  ...CHECKS.split(",").map((sign) => [sign, "yes"] as const),
]);

/** What databases and spreadsheets write for no date. */
const ZERO_DATE =
  /^(0000-00-00|0001-01-01|1899-12-3[01]|1900-01-0[01]|1970-01-01|0?1\/0?1\/(0001|1900|1970))([ T].{0,20})?$/;

/** Longer cells are looked at as far as this. Characters. */
const LONGEST_CELL = 500;

/** Words that, anywhere in a cell, ask not to be written to. */
const STOP =
  /\b(stop\w*|remove\w*|unsub\w*|opt(ed)? ?out|optout|do ?not|don t|dont|dnc|no (more|emails?|mail|mailings?|marketing|calls?|sms|texts?|contact|newsletters?|ads?|advertising)|never (again|contact|email|call)|not (to be )?(contact|email|call|mail|market|writ)\w*|withdr[ae]w\w*|revok\w*|suppress\w*|black ?list\w*|block ?list\w*|unsolicited|object(s|ed|ion)?|cancel\w*|spam|abgemeldet|abmeld\w*|abbestell\w*|widerruf\w*|widerspr\w*|keine? (mails?|e mails?|werbung|newsletter|anrufe|kontakt\w*|sms|post)|nicht (mehr|anrufen|anschreiben|kontaktieren|mailen)|werbesperre|werbeverbot|gesperrt|desabonn\w*|desinscri\w*|ne (plus|pas)|plus de (mails?|newsletters?|courriels?)|pas de (mails?|newsletters?|courriels?|pub\w*|sms|demarchage)|oppos\w*|disiscri\w*|cancella\w*|non (contattare|inviare|scrivere|chiamare)|revoca\w*|baja|no (contactar|enviar|llamar|molestar)|desuscri\w*|afgemeld|afmeld\w*|uitgeschreven|uitschrijv\w*|niet (meer|mailen|bellen|benaderen)|geen (mails?|e mails?|reclame|nieuwsbrie\w*|post)|descadastr\w*|nao (contactar|enviar|ligar|contatar)|avregistrer\w*|avanmal\w*|kontakta inte|inte kontakta|ingen reklam|avmeld\w*|frameld\w*|afmeld\w*|ikke kontakt\w*|kontakt ikke|ei markkinoint\w*|kielto|kielletty|wypisa\w*|wycofa\w*|cofni\w*|odwola\w*|rezygn\w*|sprzeciw\w*|nie (chce|zyczy|wysylac|dzwonic|kontaktowac)|istemiyor\w*|abonelikten|iptal|odhlas\w*|odvol\w*|nechce|nevolat|neposilat)\b/;

/** A no that begins a cell, or is turned around nowhere in it. */
const NEGATING =
  /\b(no|not|non|never|nein|nicht|kein|keine|keinen|nie|pas|jamais|aucun|aucune|sin|nunca|senza|mai|geen|niet|nooit|nee|nao|sem|inte|ej|nej|aldrig|ikke|nei|aldri|ei|without|ohne|sans|refus\w*|reject\w*|declin\w*|den(y|ied)|abgelehnt|rifiut\w*|rechaz\w*|recus\w*|geweigerd|nekad|avvist|afvist|expired|lapsed|abgelaufen|un|isn t|doesn t|won t|cannot|can t|nie|brak|bez|hayir|yok|degil|neni|ne)\b/;

export function readConsentCell(cell: string): CellMeaning {
  const text = tidied(cell);
  const known = knownMeaning(text);
  if (known !== null) return known;
  const folded = foldWords(text);
  if (STOP.test(folded)) return "withdrawn";
  if (/\b(bounced?|cleaned|undeliverable|invalid|unzustellbar)\b/.test(folded)) return "undeliverable";
  return NEGATING.test(folded) ? "refused" : "unreadable";
}

/** Whether the whole cell is a word or a sign we know, so that nothing had to be made out of it. */
export function isKnownCell(cell: string): boolean {
  return knownMeaning(tidied(cell)) !== null;
}

function tidied(cell: string): string {
  const text = cell.slice(0, LONGEST_CELL).replace(/[\ufe0e\ufe0f\u200b\u00a0]/g, " ");
  return text
    .trim()
    .replace(/^["']+|["']+$/g, "")
    .trim();
}

function knownMeaning(text: string): CellMeaning | null {
  if (text === "" || ZERO_DATE.test(text)) return "blank";
  const sign = signs.get(text) ?? signs.get(text.toLowerCase());
  if (sign !== undefined) return sign;
  // A sign that folds into a letter is not that letter, and a question is no answer. Some write -1 for yes, others for "not known".
  if (!/[\p{L}\p{N}]/u.test(text) || text.includes("?") || text === "-1") return null;
  const folded = foldWords(text);
  return meanings.get(folded) ?? meanings.get(folded.replaceAll(" ", "")) ?? null;
}

/** Whether a yes is in a mailing list's own words, so that it holds under a name as wide as "status". */
export function isListWord(cell: string): boolean {
  return LIST_WORDS.test(foldWords(cell));
}

const LIST_WORDS =
  /^(subscribed|opted ?in|opt ?in|allow|double opt in|confirmed opt in|abonniert|angemeldet|abonnee?|inscrite?|iscritt[oa]|suscrit[oa]|aangemeld|geabonneerd|inscrit[oa]|subscrito|prenumererar|anmald|tilmeldt|pameldt|abonnerer|tilaaja)$/;

/** Whether the cell is an opt-out in words nobody uses for anything else: looked for in columns of any name. */
export function isOptOutWord(cell: string): boolean {
  return cell.length <= 80 && OPT_OUT_WORDS.test(foldWords(cell));
}

/** An event by which somebody left: `Unsubscribed from Email Marketing`, `Marked Email as Spam`. */
export function isOptOutEvent(type: string): boolean {
  return type.length <= 80 && (isOptOutWord(type) || OPT_OUT_EVENT.test(foldWords(type)));
}

const OPT_OUT_EVENT =
  /\b(unsubscribed?|unsub|opt(ed)? out|spam (complaint|report)|as spam|abgemeldet|abmeldung|desabonn\w*|desinscri\w*|disiscri\w*|desuscri\w*|afgemeld|uitgeschreven|avregistr\w*|frameldt|avmeldt)\b/;

const OPT_OUT_WORDS =
  /^(unsub(scribed?)?|opt(ed)? ?out|optedout|do not (contact|email|call|mail|text|market)|dnc|blacklisted|blocklisted|suppressed|abgemeldet|abbestellt|newsletter abgemeldet|werbesperre|widerrufen|desabonnee?|desinscrite?|disiscritt[oa]|dad[oa] de baja|desuscrit[oa]|afgemeld|uitgeschreven|descadastrad[oa]|avregistrerad|avanmald|frameldt|afmeldt|avmeldt|wypisan[ya]|abonelikten cikti|odhlasena?)$/;
