/** Words in cells, in the five languages we look for: yes and no, order states, sales channels, kinds of event. */
import anyAscii from "any-ascii";

const FOLDED_KEPT = 5_000;
/** Longer texts do not come again. Characters. */
const LONGEST_FOLDED = 100;
const folded = new Map<string, string>();

/** Lower case, ASCII, single spaces: `Désinscrit` and `desinscrit ` are one word. Those of a column come again and again. */
export function foldWords(text: string): string {
  if (text.length > LONGEST_FOLDED) return fold(text);
  let found = folded.get(text);
  if (found === undefined) {
    if (folded.size >= FOLDED_KEPT) folded.clear();
    folded.set(text, (found = fold(text)));
  }
  return found;
}

function fold(text: string): string {
  return anyAscii(text)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

/** Folded word -> meaning; null where none is known. */
export function table<Meaning extends string>(meanings: Record<Meaning, string>): (text: string) => Meaning | null {
  const words = new Map<string, Meaning>();
  for (const [meaning, list] of Object.entries(meanings) as [Meaning, string][]) {
    // Object.entries forgets the key type.
    for (const word of list.split(",")) words.set(word.trim(), meaning);
  }
  // Systems write their own as one word: `closedlost`, `onhold`.
  const glued = new Map([...words].map(([word, meaning]) => [word.replaceAll(" ", ""), meaning]));
  return (text) => words.get(foldWords(text)) ?? glued.get(foldWords(text).replaceAll(" ", "")) ?? null;
}

/** How a consent was captured, as far as it makes a statement the person's own. */
export const consentSource = table({
  "double opt-in": "double opt in,doubleoptin,doi,confirmed opt in,double optin,confirmation email",
  form:
    "form,web form,webform,website form,signup form,sign up form,online form,formular,anmeldeformular,webformular," +
    "formulaire,modulo,formulario,checkout,checkout form,preference centre,preference center",
});

export const salesChannel = table({
  online:
    "online,web,website,webshop,web shop,online store,ecommerce,e commerce,shop online,app,mobile,internet,onlineshop," +
    "online shop,boutique en ligne,negozio online,tienda online,marketplace",
  store:
    "store,pos,till,in store,instore,retail,shop,point of sale,kasse,filiale,laden,geschaft,magasin,caisse,boutique," +
    "negozio,cassa,tienda,caja,offline,physical",
});

const knownEvent = table({
  visit:
    "visit,page view,pageview,page viewed,session,session start,viewed page,besuch,visite,visita,page visit,web visit",
  email_sent: "email sent,sent,received email,mail sent,gesendet,envoye,inviato,enviado,delivered,email delivered",
  email_opened: "email opened,open,opened,opened email,email open,geoffnet,ouvert,aperto,abierto",
  email_clicked: "email clicked,click,clicked,clicked email,email click,geklickt,clic,cliccato",
  ad_clicked: "ad clicked,ad click,clicked ad,anzeigenklick",
  form: "form,form submission,form submitted,submitted form,formular,formulaire,modulo,formulario",
  call: "call,phone call,called,anruf,appel,chiamata,llamada",
  store_visit: "store visit,shop visit,filialbesuch",
});

/** Our word for an event, or its own made into one; null where nothing is left of it. */
export function eventType(text: string): string | null {
  const known = knownEvent(text);
  if (known !== null) return known;
  const own = foldWords(text).replace(/\d+/g, " ").trim().replace(/ +/g, "_");
  return /^[a-z]/.test(own) ? own.slice(0, 60) : null;
}

const BLANKS = new Set(["NULL", "\\N", "N/A", "n/a", "#N/A", "NaN", "(null)"]);

/** `'+44`, `'=1`, `'02134`, `'N1 9GU`, but not `'t Hart`. */
const QUOTED_TEXT = /^'(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\d]|[A-Z]{1,2}\d)/;

/**
 * A cell as it was meant: without surrounding space, without what databases write for nothing, and without the
 * apostrophe by which spreadsheets (and our own export) mark a number or formula as text.
 */
export function cleanCell(cell: string): string {
  const trimmed = cell.trim();
  // `="00123"` is how a number keeps its noughts in a spreadsheet.
  const text = trimmed.startsWith('="') && trimmed.endsWith('"') ? trimmed.slice(2, -1).trim() : trimmed;
  if (text === "" || BLANKS.has(text)) return "";
  return text.charCodeAt(0) === 39 && QUOTED_TEXT.test(text) ? text.slice(1) : text;
}

/** An id as it was meant: spreadsheets and data frames turn 17850 into 17850.0. */
export function cleanId(cell: string): string {
  const text = cleanCell(cell);
  return /^\d+\.0+$/.test(text) ? text.slice(0, text.indexOf(".")) : text;
}
