/**
 * Replies that end it. In the United States a text message may be revoked by any reasonable means (47 CFR 64.1200(a)(10)); the
 * words it lists, and what carriers and other languages use, are looked for. Pure.
 */
import type { Use } from "#connectors/core/grant.ts";
import anyAscii from "any-ascii";

/** A reply that is nothing but one of these, whatever is around it. */
const ALONE = new Set(
  [
    "stop stopp stopall unsubscribe unsub end quit cancel revoke optout remove removeme arret arreter fin",
    "stoppen abmelden abbestellen austragen ende kundigen widerruf widerrufen loschen",
    "desabonner desinscrire desinscription annuler",
    "alto parar basta baja cancelar salir nomas",
    "stop basta cancella annulla disiscrivi fine rimuovi",
    "afmelden uitschrijven einde",
    "sair parar cancelar remover descadastrar",
    "avsluta avregistrera slut sluta avmeld stopp afmeld frameld avslutt peru lopeta poista",
    "wypisz rezygnuje koniec zrezygnuj",
    "odhlasit konec zrusit iptal cik dur ret",
  ].flatMap((words) => words.split(" ")),
);
/** Of several words; a reply that is one of them. */
const PHRASES = new Set([
  "stop all",
  "opt out",
  "opt me out",
  "remove me",
  "no mas",
  "leave me alone",
  "lass mich in ruhe",
  "keine sms",
  "keine werbung",
]);

/** Anywhere in a longer reply. */
const WITHIN =
  /\b(stop (texting|messaging|sending|calling|contacting|emailing)|(please|pls) (stop|remove|unsubscribe|cancel)|stop (please|pls)|unsubscribe|opt(ing)? ?(me )?out|take me off|remove me|do ?n[o']?t (text|message|contact|call|email|send)|no more (texts?|messages?|calls?|sms|emails?)|revoke|leave me alone|abmelden|abbestellen|keine (sms|nachrichten|werbung|anrufe)|nicht mehr (schreiben|anrufen|kontaktieren)|widerruf\w*|desabonn\w*|desinscri\w*|ne (me )?(contactez|ecrivez|appelez) plus|plus de (sms|messages)|no (me )?(escriba|llame|contacte|envie)\w*|dar(me)? de baja|disiscri\w*|non (scriver|chiamar|contattar)\w*|geen (sms|berichten)|uitschrijven|afmelden|descadastr\w*|nao (envie|ligue|contate)\w*)/;

/** Longer replies are looked at as far as this. Characters. */
const LONGEST = 1_000;

/** Whether somebody asks not to be written to or called any more. In doubt they do. */
export function isRevocation(reply: string): boolean {
  const words = anyAscii(reply.slice(0, LONGEST))
    .toLowerCase()
    .replaceAll(/[^a-z0-9']+/g, " ")
    .trim();
  if (words === "") return false;
  return ALONE.has(words) || ALONE.has(words.replaceAll(" ", "")) || PHRASES.has(words) || WITHIN.test(words);
}

/**
 * What one such reply revokes: every text and call of this sender, whatever it was about. The rule that says so for all
 * senders alike is put off until 31 January 2027; who obeys it now need not tell which message was meant.
 */
export const REVOKED_BY_STOP: readonly Use[] = [
  { channel: "sms", purpose: "any" },
  { channel: "call", purpose: "any" },
];
