/**
 * The words consent columns are named with, in the languages headers are read in: English, German, French, Spanish,
 * Italian, Dutch, Portuguese, Swedish, Danish, Norwegian, Finnish, Polish, Czech, Turkish. Data, not logic: extend it here.
 * Words are folded (`wordsOf` in header.ts): lower case, ASCII, camel case taken apart.
 */

export type TokenKind =
  /** Where somebody is reached. */
  | "email"
  | "sms"
  | "call"
  | "post"
  | "push"
  /** E-mail in some countries, letters in others. */
  | "mail"
  /** A way we do not write to (fax, chat). */
  | "elsewhere"
  /** What for. */
  | "newsletter"
  | "marketing"
  | "sharing"
  | "profiling"
  | "analytics"
  /** Not about advertising: a yes to it is no yes to advertising. */
  | "other"
  /** A yes that can only mean a mailing list. */
  | "subscribed"
  /** A yes that needs to be said what for. */
  | "agreed"
  /** Registered, which may mean an account as well as a list. */
  | "registered"
  /** That an address is right, or a subscription meant: dates a yes, and is none. */
  | "confirmed"
  /** A no of its own. */
  | "out"
  /** A no where the name is about consent. */
  | "ended"
  /** Turns what follows around. */
  | "not"
  /** To get in touch, in whatever way. */
  | "contact"
  | "date"
  /** A date where it ends the name: `abgemeldet am`. */
  | "when"
  | "source"
  | "status"
  | "reason"
  /** Something about the statement that is not the statement. */
  | "detail"
  | "undeliverable"
  | "filler";

const lists: Record<TokenKind, string> = {
  email:
    "email,emails,e mail,e mails,mails,mailing,mailings,courriel,courriels,correo,correos,correo electronico,correos electronicos," +
    "posta elettronica,e post,epost,mejl,sahkoposti,emailing,mailing list,mailingliste,e posta,eposta,maile,maili,emaili,mailowo",
  sms: "sms,text,texts,texting,text message,text messages,txt,mms,textmessage,mobile messages,tekstiviesti,mensajes de texto",
  call:
    "call,calls,calling,phone,phones,telephone,phone call,phone calls,telefon,anruf,anrufe,telefonisch,telefonanruf," +
    "anrufen,telefonwerbung,telefonkontakt,appel,appels,appeler,telephonique,llamada,llamadas,telefono,telefonica,telefonico,chiamata," +
    "chiamate,telefonate,bellen,telefoon,telefoonkontakt,samtal,telefonsamtal,telefonopkald,opkald,ringe,ringa,puhelu,puhelin," +
    "telemarketing,voice,telefonemas,chamadas,telefone,bloctel,telefoniczny,telefoniczne,telefonicznie,arama,telefonicky,telefonicke",
  post:
    "post,postal,direct mail,postal mail,directmail,letter,letters,brief,briefe,briefpost,postwerbung,postalisch,courrier,courriers," +
    "voie postale,posta,carta,cartas,correo postal,lettera,lettere,posta cartacea,catalog,catalogue,katalog,print,brieven,posti",
  push: "push,push notification,push notifications,notifications,app notifications,webpush,web push,pushnachrichten",
  mail: "mail",
  elsewhere: "fax,telefax,whatsapp,whats app,messenger,telegram,viber,rcs,facebook,linkedin,line",
  newsletter:
    "newsletter,newsletters,news letter,infolettre,lettre d information,lettre d info,boletin,boletines,nieuwsbrief,nieuwsbrieven," +
    "nyhetsbrev,nyhedsbrev,nyhedsmail,uutiskirje,rundbrief,rundmail,infomail,bulletin,boletim,noticiario,biuletyn,newslettera,bulten,ebulten,zpravodaj,newsletteru,newsletterem",
  marketing:
    "marketing,promo,promos,promotion,promotions,promotional,offers,offer,advertising,advertisement,advert,adverts,werbung," +
    "werbe,werbemail,werbemails,emailwerbung,reklame,reklam,publicite,publicidad,publicidade,pubblicita,pub,commercial," +
    "comercial,comerciales,commerciale,commerciali,commerciales,angebote,offres,ofertas,offerte,aanbiedingen,tilbud,erbjudanden," +
    "direktwerbung,direktmarketing,direct marketing,directmarketing,markedsforing,marknadsforing,markkinointi,markkinointia,markkinoinnin,suoramarkkinointi,suoramarkkinointia," +
    "prospection,solicitation,solicitations,newsletter and offers,spam,marketingowa,marketingowe,marketingowy,reklamowe,reklamowa,handlowe," +
    "pazarlama,ticari ileti,ticari,kampanya,kampanyalar,reklamni,obchodni sdeleni,marketingovy,marketingove",
  sharing: "sell,sale of data,selling,share,sharing,resell,third party sharing,audience,audiences,ads,verkauf",
  profiling:
    "profiling,profilage,profilierung,profilazione,personalisation,personalization,personalisierung,personalizacion",
  analytics: "analytics,tracking,cookie,cookies,statistics,statistik,track",
  other:
    "terms,conditions,terms and conditions,tos,agb,cgv,cgu,privacy,privacy policy,datenschutz,datenschutzerklarung,policy,gdpr,dsgvo," +
    "rgpd,avg,processing,verarbeitung,datenverarbeitung,traitement,tratamiento,trattamento,partner,partners,third,party,third party," +
    "third parties,affiliates,survey,surveys,service,transactional,account,invoice,order,orders,medical,photo,insurance,age," +
    "parental,guardian,sms alerts,paper,paperless,rechnung,return,returns,delivery,shipping,substitution,substitutions,donnees," +
    "datos,dati,condiciones,condizioni,voorwaarden,privacyverklaring,vilkar,villkor,persondata,confidentialite,privacidad",
  subscribed:
    "subscribed,optin,opt in,opted in,optedin,opts in,optins,double opt in,doi,double optin,abonniert,abonnent,abonnenten,abonne,abonnee," +
    "suscrito,suscrita,geabonneerd,prenumererar,prenumerant,subscrito,abonnerer,tilaaja,newsletterempfanger,newsletter abo,opt in status",
  agreed:
    "contactable,can be,may be,may we,can we,happy to be,happy for,consent,consents,consented,consenting,accept,accepts,accepted,acceptance,acceptsmarketing,permission,permissions,permitted,permit,allow," +
    "allows,allowed,agree,agrees,agreed,agreement,approval,approved,authorised,authorized,authorisation,authorization,ok,okay,wants," +
    "want,wish,wishes,receive,receives,receiving,interested,subscribe,subscribes,subscriber,subscribers,subscription,subscriptions,einwilligung,einwilligungen," +
    "einverstandnis,einverstanden,zustimmung,zugestimmt,erlaubt,erlaubnis,abo,erhalten,erwunscht,eingewilligt,consentement," +
    "consentements,accepte,acceptation,abonnement,accord,autorise,autorisation,souhaite,recevoir,recoit,consentimiento,consiente,acepta," +
    "aceptado,aceptacion,suscripcion,suscripciones,suscriptor,autoriza,autorizado,autorizacion,permiso,permite,desea,recibir,recibe,consenso,consensi," +
    "accetta,accettato,accettazione,autorizza,autorizzato,autorizzazione,permesso,acconsente,ricevere,desidera,toestemming," +
    "akkoord,ontvangen,accepteert,accepteren,consentimento,aceita,aceito,aceite,assinante,assina,assinatura,subscreve,autorizacao,permissao,receber," +
    "zgoda,zgody,zgode,akceptacja,akceptuje,izin,izni,onay,onayi,riza,rizasi,souhlas,souhlasi,souhlasu,samtycke,godkanner,godkand,godkannande,prenumeration,tillaten,tillatet,tillat,tillatelse,tillatt,samtykke,samtykker,accepterer," +
    "tilladelse,tilladt,modtager,modtage,motta,mottar,godtar,abonnements,suostumus,suostunut,tilannut,hyvaksyy,lupa,sallittu,markkinointilupa",
  registered:
    "signup,sign up,signed up,signups,joined,registered,registration,angemeldet,anmeldung,inscrit,inscrite,inscription,inscrito,inscrita," +
    "inscripcion,inscricao,iscritto,iscritta,iscrizione,iscritti,aangemeld,ingeschreven,aanmelding,inschrijving,anmald,anmalan," +
    "tilmeldt,tilmelding,pameldt,pamelding,alta,cadastro",
  confirmed:
    "confirm,confirmed,confirmation,confirmado,confirmada,bestatigt,bestatigung,confirme,confermato,conferma,bevestigd,bekraftad,bekraeftet,bekreftet",
  out:
    "unsubscribed,unsubscribe,unsubscribes,unsubscribing,unsubscription,unsub,unsubs,opt out,optout,opted out,optedout,opts out,optouts,opt outs," +
    "opting out,dnc,dne,dnm,dncl,suppressed,suppression,suppressions,suppress,blacklist,blacklisted,black list,black listed,blocklist," +
    "blocklisted,block list,block listed,denylist,deny list,objection,objected,objects,object,robinson,robinsonliste,robinson list," +
    "stop pub,spam complaint,spam complaints,spam report,complaint,complained,complaints,abuse,disturb,dnd,tps,ctps,mps," +
    "abgemeldet,abmeldung,abmelden,abbestellt,abbestellung,abbestellen,ausgetragen,austragung,widerruf,widerrufen,widerrufs,widerrufene,widersprochen,widerspruch," +
    "abmelde,werbewiderspruch,werbesperre,mailsperre,werbeverbot,kontaktverbot,anrufverbot,mailverbot,sperrkennzeichen,sperrvermerk,sperrliste,kontaktsperre,desabonne,desabonnee,desabonnes,desabonnement," +
    "desinscrit,desinscrite,desinscription,opposition,liste noire,liste rouge,baja,bajas,dado de baja,dada de baja,desuscrito,desuscripcion," +
    "desuscribir,lista negra,lista robinson,oposicion,disiscritto,disiscritta,disiscrizione,disiscritti,cancellazione,opposizione,lista nera," +
    "afgemeld,afmelding,afmelden,uitgeschreven,uitschrijving,uitschrijven,bezwaar,zwarte lijst,descadastrado,descadastro,descadastramento," +
    "desinscrito,desinscricao,dessubscrito,desinscripcion,oposicao,avregistrerad,avregistrering,avprenumererad,avanmald,avanmalan,nix,nix telefon,avmeldt,avmelding," +
    "avmeldte,frameldt,framelding,fravalgt,afmeldt,afmeldelse,reservert,reservasjon,reserverad,markkinointikielto,suoramarkkinointikielto," +
    "kielto,peruuttanut tilauksen,poistunut listalta,marketing suspended,desabonner,se desabonner,wypisany,wypisana,wypisano,wypisani,wypisanie," +
    "wypis,rezygnacja,zrezygnowal,zrezygnowala,sprzeciw,wyrejestrowany,wyrejestrowana,abonelikten cikti,abonelikten ayrildi,abonelikten cikan," +
    "abonelikten cikis,odhlasen,odhlasena,odhlaseni,odhlaseno,odhlasit,nesouhlas,nesouhlasi",
  ended:
    "withdrawn,withdraw,withdrew,withdrawal,withdrawals,revoked,revoke,revocation,revokes,cancelled,canceled,cancel,cancels,cancellation,declined," +
    "decline,declines,denied,deny,denial,refused,refuse,refuses,refusal,rejected,reject,rejects,rejection,removed,removal,remove,blocked,block,blocks,barred,stopped," +
    "stop,stops,excluded,exclude,exclusion,excludes,disabled,disallow,disallowed,disallows,inactive,expired,lapsed,missing,lacking,forbidden,prohibited,opposed,opposes,terminated,ended,suspended," +
    "deleted,banned,rescinded,retracted,unwanted,unsolicited,disagreed,disagrees,disapproved,hold,held,paused,quit,exempt,left,lost,unauthorized,unauthorised,undo,undone,negative,refrain,avoid,prevent,gesperrt," +
    "sperre,gekundigt,abgelehnt,ablehnung,verweigert,untersagt,verboten,entzogen,zuruckgezogen,storniert,inaktiv,unerwunscht,gestoppt,ausgeschlossen," +
    "retire,retiree,retrait,revoque,revoquee,revocation,refus,opposee,opposant,annule,annulee,resilie,resiliee,exclu,bloque,bloquee," +
    "supprime,supprimee,interdit,interdite,stoppe,desactive,rejete,retirado,retirada,revocado,revocada,revocacion,cancelado,cancelada,cancelacion,rechazado," +
    "rechazada,rechaza,denegado,denegada,excluido,excluida,bloqueado,bloqueada,eliminado,anulado,anulada,prohibido,niega,negado,negada,revocato,revocata,revoca," +
    "ritirato,ritirata,ritiro,rifiutato,rifiutata,rifiuto,rifiuta,negato,escluso,blocco,bloccato,annullato,annullata,cancellato,cancellata,rimosso," +
    "vietato,disattivato,ingetrokken,intrekking,geweigerd,weigert,geblokkeerd,opgezegd,verwijderd,uitgesloten,gestopt,geannuleerd,revogado,revogada," +
    "revogacao,recusado,recusada,recusa,bloqueio,removido,removida,proibido,cancelamento,retirou,aterkallat,aterkallad,aterkallelse,nekat,nekad,nekar,avvisat,sparrad,sparr," +
    "blockerad,avbojd,avbojt,avslutad,uppsagd,borttagen,tilbagekaldt,tilbagetrukket,tilbagekaldelse,afvist,spaerret,blokeret,opsagt,slettet,tilbakekalt,trukket," +
    "trukket tilbake,tilbakekalling,avvist,sperret,blokkert,deactivated,deactivation,deaktiviert,deaktivierung,cancelou,cancelar,retirou,saiu," +
    "cofnieta,cofniete,cofnieto,cofniecie,cofnal,cofnela,wycofana,wycofane,wycofanie,wycofal,odwolana,odwolanie,odmowa,odmowil,zablokowany,zablokowana," +
    "iptal,iptal etti,iptal edildi,geri cekildi,geri cekti,reddetti,reddedildi,engelli,engellendi,odvolan,odvolano,odvolani,odmitl,odmitnuto,zrusen,zruseno,zakazano,peruttu,peruutettu,perunut,kielletty,kieltanyt,evatty,estetty,poistettu",
  not:
    "no,not,non,never,none,dont,don t,doesn t,doesnt,cannot,cant,can t,without,un,kein,keine,keinen,keiner,keinerlei,nicht,nie,niemals,ohne,ne,pas," +
    "sans,jamais,aucun,aucune,sin,nunca,ninguna,ningun,ninguno,senza,nessun,nessuna,nessuno,geen,niet,nooit,zonder,nao,sem,nenhum,nenhuma," +
    "brak,bez,yok,degil,istemiyor,hayir,neni,zadny,nechce,inte,ej,icke,nej,nein,nee,nei,utan,aldrig,ingen,inga,inget,ikke,uden,uten,aldri,ei,ala,ilman,nix mehr,nope,zero,neither,nor",
  contact:
    "contact,contacted,contacts,contactable,solicit,market,reach,kontakt,kontaktieren,kontaktiert,ansprechen,contacter,contacte,contactar,contactado," +
    "contattare,contattato,benaderen,kontakta,kontakte,kontaktes,ota yhteytta,list,lists,communication,communications,kommunikation,messages,message",
  date:
    "date,time,timestamp,datetime,day,datum,zeit,zeitpunkt,uhrzeit,zeitstempel,heure,horodatage,data,ora,fecha,hora,tijd,tijdstip,dato,tid,tidspunkt," +
    "paiva,pvm,paivamaara,aika,tarih,tarihi,since,seit,depuis,sinds,desde,utc,gmt",
  when: "at,on,am,vom,le,il,el,op,em,den,when,dal,pa,d",
  source: "source,method,origin,quelle,herkunft,methode,origine,origen,fonte,fuente,bron,kalla,kilde,lahde,via,how",
  status: "status,state,statut,etat,stato,estado,staat,situacao,tila,zustand,stand",
  reason: "reason,reasons,grund,raison,motif,motivo,reden,orsak,arsag,syy",
  detail:
    "id,ip,url,uri,link,token,campaign,campaigns,title,name,version,wording,count,counts,counter,number,num,rate,total,comment,comments,note,notes,page,agent," +
    "user agent,language,owner,template,percentage,percent,score,history,expiry,expires,until,required,requested,request,sent,form,kampagne," +
    "kampagnenname,anzahl,nombre,lien,enlace,collegamento,lank,hash,key,last,first,opens,clicks,address,addresses,adresse,nummer,numero,code,type," +
    "plan,start,end,renewal,price,fee,amount,text version,document,proof,duration,frequency,days",
  undeliverable:
    "bounce,bounced,bounces,hard bounce,hardbounce,hard bounced,soft bounce,cleaned,clean,undeliverable,undelivered,unzustellbar,rebond,rebondi,rebote,rimbalzo,invalid email," +
    "email invalid,unreachable",
  filler:
    "of,for,from,to,send,sending,the,a,an,all,any,is,are,has,have,had,been,was,be,by,my,our,your,we,i,you,me,us,in,with,and,or,do,does,did,der,die,das,des,dem," +
    "von,fur,zu,zur,zum,per,im,an,de,du,la,les,l,aux,pour,par,del,los,las,por,para,con,y,al,di,dei,della,delle,dalla,dal,lo,gli,e," +
    "van,voor,het,een,do,da,dos,das,o,os,as,av,til,fra,om,och,og,med,customer,customers,buyer,client,member,user,person,kunde,cliente,klant,kund," +
    "flag,yn,y n,yes no,ja nein,oui non,si no,boolean,bool,indicator,preference,preferences,setting,settings,checkbox,information,informations,info,infos," +
    "alla,allo,agli,ai,nel,nella,na,nas,nos,ao,aos,aan,mot,till,current,general,global,portal,s,se,our newsletter,us by,uns,nous,nos,anymore,more,nos offres,til at,att,at modtage,att fa,moi,mir,mich,ik,wil,ich,je,mochte,quiero,voglio,veux",
};

/** Longest phrase, in words. */
export const LONGEST_PHRASE = 4;

/** Later lists do not overwrite earlier ones: `dal` is a date word before it is a filler. */
export const vocabulary: ReadonlyMap<string, TokenKind> = (() => {
  const words = new Map<string, TokenKind>();
  for (const [kind, list] of Object.entries(lists) as [TokenKind, string][]) {
    // Object.entries forgets the key type.
    for (const word of list.split(",")) if (!words.has(word.trim())) words.set(word.trim(), kind);
  }
  return words;
})();

/** Beginnings and middles by which an inflected or compounded word is still a no: `Newsletterabmeldungen`. */
export const OUT_STEMS = [
  "unsub",
  "optout",
  "optedout",
  "suppress",
  "blacklist",
  "blocklist",
  "donot",
  "abmeld",
  "abgemeldet",
  "abbestell",
  "widerruf",
  "widerspr",
  "werbesperr",
  "werbeverbot",
  "desabonn",
  "desinscri",
  "desuscri",
  "disiscri",
  "afmeld",
  "afgemeld",
  "uitschrij",
  "uitgeschreven",
  "descadastr",
  "avregistrer",
  "avmeld",
  "avanmal",
  "framel",
  "fravalg",
  "kielto",
  "robinson",
  "wypisan",
  "abonelikten",
  "odhlas",
];
