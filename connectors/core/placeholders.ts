/**
 * Values that stand where an identifier should and name nobody: what people type to get past a required field, what tills
 * write for a stranger, what a spreadsheet makes of a long number. Two records that share one have nothing in common.
 * Data, not logic: extend it here.
 */

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** Local parts that name a role or a shared inbox. */
export const roleBoxes = words(`
  info sales admin administrator office contact support help helpdesk hello team billing accounts accounting invoice
  invoices orders order shop store service customerservice marketing hr jobs careers mail post enquiries enquiry
  reception feedback press media privacy security finance purchasing procurement noreply no-reply donotreply
  do-not-reply postmaster webmaster hostmaster abuse root mailer-daemon newsletter booking bookings reservations
  kontakt buero verkauf bestellung rechnung contato contacto ventas commande contatti ordini
`);

/** Local parts people or systems type to get past a required field. */
export const placeholderLocalParts = words(`
  test tester testing test1 test123 none noemail no-email no.email no_email nomail no-mail unknown na n-a n.a null undefined nobody anonymous
  asdf asd qwerty qwertz azerty xxx xx x xyz abc a aa aaa fake dummy sample customer guest user email someone noone no-one noaddress
  notprovided not-provided notgiven not-given declined refused walkin walk-in walkincustomer cash cashsale kein keine keinemail keine-email
  keine.email keinmail kunde gast laufkunde unbekannt pasdemail pasdemel sansemail inconnu client sinemail sin-email sincorreo sin-correo
  ninguno notiene desconocido nessuna nessuno senzaemail nomailadres geen geenemail geen-email onbekend sememail naotem ingen ingenmail
  saknas ukendt ukjent 0 00 000 1 11 111 12 123 1234 12345 123456
`);

/** First label of the registrable domain: `example.com`, `test.de`, `none.org`. */
export const placeholderDomains = words(`
  example test none noemail no-email nomail no-mail fake dummy unknown na null invalid localhost placeholder notprovided
  noaddress noreply walkin asdf xxx keinemail keine-email pasdemail sinemail sincorreo
`);

const blankIds = words(`
  none null nil nan undefined unknown guest guestcheckout anonymous anonym anon test tester testing dummy sample default defaultcustomer na n/a n.a. n.a #n/a
  tbd tbc tba void missing empty blank noid nocustomer notset notavailable notapplicable notprovided walkin walk-in walkincustomer walk-incustomer cash cashcustomer
  cashsale counter countersale pos retail retailcustomer public generic customer x xx xxx - -- --- . .. ? ?? ??? / \\ * _ kein keine keiner gast gastbestellung laufkunde laufkundschaft
  barverkauf unbekannt aucun aucune sans inconnu invite client clientcomptoir passage clientdepassage ninguno ninguna sin desconocido invitado publicogeneral
  consumidorfinal nessuno nessuna sconosciuto ospite senza geen onbekend gastklant nenhum desconhecido convidado sem ingen saknas okand ukendt ukjent
  no 0x0 (none) (null) [null] (blank) #ref! #value! #name? #num! #div/0!
`);

/** Longer ones are no ids anybody would type; they are left to the limits of who stores them. Characters. */
const LONGEST_PLACEHOLDER = 40;

/** `0`, `-1`, `guest`, `N/A`: an id that many share because none of them has one. */
export function isPlaceholderId(value: string): boolean {
  const text = value.trim().toLowerCase();
  if (text.length > LONGEST_PLACEHOLDER) return false;
  if (text === "" || blankIds.has(text) || blankIds.has(text.replace(/[\s_-]+/g, ""))) return true;
  // Zeros in any spelling, also an empty UUID's; minus one; the nines that stand for "nobody" in old systems.
  return /^[-+]?[0\s.,-]+$/.test(text) || /^-1([.,]0+)?$/.test(text) || /^9{5,}$/.test(text);
}

/** What a spreadsheet leaves of a long number: `6.54321E+12`, `6,54E+12`, `####`. A million ids look like it. */
export function isDestroyedNumber(value: string): boolean {
  const text = value.trim();
  return (
    text.length <= LONGEST_PLACEHOLDER &&
    (/^[-+]?\d{1,3}(?:[.,]\d{1,20})?E[+-]?\d{1,3}$/i.test(text) || /^#+$/.test(text))
  );
}

/** Digits a spreadsheet keeps of a number; the rest become zeros. */
const KEPT_DIGITS = 15;

/** A number that lost its end to zeros: sure where a column is full of them, or where three digits and more are gone. */
export function isRoundedNumber(value: string): boolean {
  const text = value.trim();
  return /^\d{16,30}$/.test(text) && /^0+$/.test(text.slice(KEPT_DIGITS));
}

/** Why an id cannot say who somebody is; null: it can. */
export function faultOfId(value: string): "placeholder" | "destroyed" | null {
  if (isDestroyedNumber(value) || (isRoundedNumber(value) && value.trim().length >= KEPT_DIGITS + 3))
    return "destroyed";
  return isPlaceholderId(value) ? "placeholder" : null;
}

/** RFC 5321: longer addresses do not exist. Characters. */
export const LONGEST_EMAIL = 320;

/** `noemail@noemail.com`, `none@none.com`, `x@x.de`: typed to get past a required field. */
export function isPlaceholderEmail(address: string): boolean {
  if (address.length > LONGEST_EMAIL) return false;
  const text = address.trim().toLowerCase();
  const at = text.lastIndexOf("@");
  if (at < 1) return isPlaceholderId(text);
  const local = text.slice(0, at);
  const plus = local.indexOf("+");
  const mailbox = plus > 0 ? local.slice(0, plus) : local;
  const label = text.slice(at + 1).split(".")[0] ?? "";
  // Mailboxes of one letter exist.
  if (placeholderDomains.has(label) || (mailbox.length > 1 && placeholderLocalParts.has(mailbox))) return true;
  return (
    (mailbox === label && label.length <= 3) ||
    /^(no|not|kein|keine|sin|sans|senza|geen|sem|ingen)[-_.]?e?-?mail/.test(mailbox)
  );
}

/** An inbox behind which many people stand: the shop's own, a role's. */
export function isRoleEmail(address: string): boolean {
  const at = address.lastIndexOf("@");
  return at > 0 && roleBoxes.has(address.slice(0, at).trim().toLowerCase());
}

/** Longer texts hold no phone number. Characters. */
export const LONGEST_PHONE = 64;
const FEWEST_DIGITS = 5;

/** `0000000000`, `1234567890`, `none`: no number anybody answers. */
export function isPlaceholderPhone(text: string): boolean {
  if (text.length > LONGEST_PHONE) return true;
  const digits = text.replace(/\D/g, "");
  if (digits.length < FEWEST_DIGITS) return true;
  const tail = digits.slice(-7);
  if (new Set(tail).size === 1) return true;
  return "01234567890123456789".includes(digits.slice(-8)) || "98765432109876543210".includes(digits.slice(-8));
}
