/** How the till knows a person: rows of its people export and its sales, one line per article. */
import { keyOf } from "#connectors/csv/person.ts";
import {
  isOwn,
  misspell,
  STAFF_MAILBOXES,
  PLACEHOLDER_PHONE,
  misspellEmail,
  respellEmail,
  varyFirstName,
  varyLastName,
  writePhone,
} from "./mess.ts";
import { DAY_MS, emailAt, lastNameAt, type Person, type Window } from "./person.ts";
import type { Buying } from "./purchases.ts";
import { hashOf, randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import type { Statement } from "./statement.ts";
import { cardOf, idOf, type ReaderSale, type Sale } from "./stripe.ts";
import { articles } from "./vocabulary.ts";

const TOPIC = { membership: 30, row: 31, sale: 32, walkIn: 33, reader: 34 };

export const PEOPLE_HEADER = [
  "Customer No",
  "First name",
  "Surname",
  "E-mail",
  "Mobile",
  "Town",
  "Postcode",
  "Country",
  "Joined",
  "Loyalty card",
  "Email consent",
  "SMS consent",
  "Consent date",
  "Consent source",
] as const;

export const SALES_HEADER = [
  "Receipt",
  "Sold at",
  "Till",
  "Loyalty card",
  "Customer email",
  "Paid by",
  "Article",
  "Quantity",
  "Unit price",
  "Currency",
] as const;

const TILLS = ["Bath 1", "Bath 2", "Bristol 1"];

/** A person record the connector makes of the files, by the ids it uses. */
export interface TillRecord {
  stream: "people" | "orders";
  id: string;
  /** Null: a record several people share, which is nobody. */
  person: string | null;
  traceable: boolean;
}

export interface TillShare {
  people: string[][];
  sales: string[][];
  records: TillRecord[];
  statements: Statement[];
  sold: Sale[];
  /** Sales that the payment provider has as well. */
  read: ReaderSale[];
  /** Of the loyalty programme; null: not in it. */
  customerNumber: string | null;
}

interface Member {
  customerNumber: string;
  loyaltyCard: string;
  joinedAt: number;
}

/** What the till holds about one person, and sales to nobody in particular that happened in between. */
export function tillShareOf(seed: number, person: Person, buying: Buying, rates: Rates, window: Window): TillShare {
  const share: TillShare = {
    ...{ people: [], sales: [], records: [], statements: [], sold: [], read: [] },
    customerNumber: null,
  };
  const store = buying.purchases.filter((purchase) => purchase.place === "store");
  const random = randomOf(seed, TOPIC.membership, person.index);
  const firstAt = store[0]?.at;
  if (firstAt === undefined) return share;
  const members = random.chance(rates.loyalty) ? membersOf(random, person.index, firstAt, rates, window) : [];
  share.customerNumber = members[0]?.customerNumber ?? null;
  for (const [copy, member] of members.entries()) {
    addRow(randomOf(seed, TOPIC.row, person.index, copy), person, member, rates, window, share);
  }
  // Without a loyalty card some leave an address for the receipt. A family's or the staff's would name several people.
  const givesAddress = members.length === 0 && !person.familyMailbox && random.chance(rates.emailReceipt);
  const records = new Map<string, TillRecord>();
  for (const purchase of store) {
    const draw = randomOf(seed, TOPIC.sale, person.index, purchase.number);
    const held = members.filter((member) => member.joinedAt <= purchase.at).at(-1);
    const loyaltyCard = held === undefined || draw.chance(rates.cardOnlySale) ? "" : held.loyaltyCard;
    const email = !givesAddress ? "" : receiptAddress(draw, person, purchase.at, rates);
    const staff = STAFF_MAILBOXES.some((mailbox) => mailbox === email);
    const receipt = `S${idDigits(seed, person.index, purchase.number)}`;
    const head = {
      receipt,
      at: purchase.at,
      till: draw.pick(TILLS),
      loyaltyCard,
      email,
      card: cardOf(seed, person, purchase.at),
    };
    const lines = basketOf(draw, purchase.pounds);
    for (const line of lines) share.sales.push(saleLine(head, line, 1));
    const total = totalOf(lines);
    const back = draw.chance(rates.refunded);
    const returned = !back ? [] : draw.chance(rates.refundedInFull) ? lines : lines.slice(0, 1);
    if (back) {
      const at = Math.min(window.end - 1, purchase.at + (1 + draw.below(20)) * DAY_MS);
      for (const line of returned) share.sales.push(saleLine({ ...head, receipt: `${receipt}R`, at }, line, -1));
    }
    const id = loyaltyCard !== "" ? `loyalty-${loyaltyCard}` : email !== "" ? receiptRecordId(email) : null;
    const reader = randomOf(seed, TOPIC.reader, person.index, purchase.number);
    if (reader.chance(rates.readerTill)) {
      const typed = !person.familyMailbox && reader.chance(rates.readerReceipt);
      share.read.push({
        ...{ receipt, charge: idOf("ch", seed, person.index, 200_000 + purchase.number), at: purchase.at },
        ...{ card: head.card, receiptEmail: typed ? emailAt(person, purchase.at) : null },
        ...{ totalMinor: total, returnedMinor: totalOf(returned), isKnown: id !== null && !staff },
      });
    }
    if (id === null) continue;
    if (!staff) share.sold.push({ netMinor: total - totalOf(returned), currency: "GBP", at: purchase.at });
    records.set(id, { stream: "orders", id, person: staff ? null : person.id, traceable: !staff });
  }
  share.records.push(...records.values());
  for (let walkIn = 0; random.chance(rates.walkIns / (1 + rates.walkIns)); walkIn++) {
    share.sales.push(...walkInSale(seed, person.index, walkIn, window));
  }
  return share;
}

/** The id the connector gives a sale's person who is known by address alone. */
const receiptRecordId = (email: string) => `email-${keyOf("email", email.toLowerCase(), "")}`;

function membersOf(random: Random, index: number, from: number, rates: Rates, window: Window): Member[] {
  const copies = (random.chance(rates.duplicate) ? 1 : 0) + (random.chance(rates.secondDuplicate) ? 1 : 0);
  return Array.from({ length: 1 + copies }, (_, copy) => ({
    customerNumber: `C${100_000 + index * 3 + copy}`,
    loyaltyCard: `FK${String(40_000_000 + index * 3 + copy)}`,
    joinedAt: copy === 0 ? from : from + Math.floor(random.next() * (window.end - DAY_MS - from)),
  }));
}

function addRow(random: Random, person: Person, member: Member, rates: Rates, window: Window, share: TillShare): void {
  const missing = () => random.chance(rates.missing.csv);
  const wrong = () => random.chance(rates.corrupt.csv);
  const at = member.joinedAt;
  const lastName = varyLastName(random, lastNameAt(person, at));
  const firstName = varyFirstName(random, person.firstName);
  const email = memberAddress(random, person, at, rates);
  const placeholder = random.chance(rates.placeholderPhone);
  const phone = placeholder
    ? PLACEHOLDER_PHONE
    : email === "" || !missing()
      ? writePhone(random, person.phone, person.country)
      : "";
  const consent = consentOf(random, rates, { email: email !== "", phone: phone !== "" && !placeholder });
  const saidAt = Math.max(
    at,
    Math.min(window.end - 2 * DAY_MS, at + (random.chance(0.6) ? 0 : Math.floor(random.next() * (window.end - at)))),
  );
  const source = random.pick(["Web form", "Double opt-in", "Till", "Till"]);
  for (const channel of ["email", "sms"] as const) {
    const said = consent[channel];
    if (said === "") continue;
    const state = said === "yes" ? "granted" : "withdrawn";
    // What staff ticked at the till is not the person's own word.
    const statement: Statement = {
      person: person.id,
      channel,
      purpose: "marketing",
      state,
      // The file says the day alone; what is said of an hour is unknown to everybody.
      at: Math.floor(saidAt / DAY_MS) * DAY_MS,
      explicit: source !== "Till",
      record: `csv/people/${member.customerNumber}`,
    };
    // Nobody's address or number: nothing that was said can be used, and a refusal still stands.
    const staff = channel === "email" && STAFF_MAILBOXES.some((mailbox) => mailbox === email);
    if (state === "withdrawn" || !staff) share.statements.push(statement);
  }
  const said = consent.email !== "" || consent.sms !== "";
  share.people.push([
    member.customerNumber,
    wrong() ? misspell(random, firstName) : firstName,
    wrong() ? misspell(random, lastName) : lastName,
    email,
    phone,
    missing() ? "" : person.town,
    missing() ? "" : wrong() ? person.postcode.replace(" ", "") : person.postcode,
    person.country === "GB" && random.chance(0.7) ? "" : person.country,
    dayOf(at),
    member.loyaltyCard,
    consent.email,
    consent.sms,
    said ? dayOf(saidAt) : "",
    said ? source : "",
  ]);
  const traceable = isOwn(email === "" ? null : email, phone === "" ? null : phone);
  share.records.push({ stream: "people", id: member.customerNumber, person: person.id, traceable });
}

function memberAddress(random: Random, person: Person, at: number, rates: Rates): string {
  if (random.chance(rates.staffMailbox)) return random.pick(STAFF_MAILBOXES);
  if (random.chance(rates.missing.csv)) return "";
  if (person.company !== null && random.chance(rates.companyInbox)) return `info@${person.company.domain}`;
  const own = emailAt(person, at);
  if (random.chance(rates.corrupt.csv)) return misspellEmail(random, own);
  return random.chance(rates.emailVariant) ? respellEmail(random, own) : own;
}

function receiptAddress(random: Random, person: Person, at: number, rates: Rates): string {
  if (random.chance(rates.staffMailbox)) return random.pick(STAFF_MAILBOXES);
  const own = emailAt(person, at);
  return random.chance(rates.corrupt.csv) ? misspellEmail(random, own) : own;
}

function consentOf(random: Random, rates: Rates, has: { email: boolean; phone: boolean }) {
  const answer = ({ yes, no }: { yes: number; no: number }) => {
    const draw = random.next();
    return draw < yes ? "yes" : draw < yes + no ? random.pick(["no", "unsubscribed"]) : "";
  };
  const email = answer(rates.tillEmail);
  const sms = answer(rates.tillSms);
  return { email: has.email ? email : "", sms: has.phone ? sms : "" };
}

interface Line {
  article: string;
  quantity: number;
  priceMinor: number;
}

/** Popular articles until the basket is worth about as much as the process says. */
function basketOf(random: Random, pounds: number): Line[] {
  const lines = new Map<string, Line>();
  let left = pounds * 100;
  do {
    const [article, priceMinor] = random.pickSkewed(articles);
    const line = lines.get(article) ?? { article, quantity: 0, priceMinor };
    lines.set(article, { ...line, quantity: line.quantity + 1 });
    left -= priceMinor;
  } while (left > 400 && lines.size < 12);
  return [...lines.values()];
}

const totalOf = (lines: readonly Line[]) => lines.reduce((sum, line) => sum + line.quantity * line.priceMinor, 0);

interface SaleHead {
  receipt: string;
  at: number;
  till: string;
  loyaltyCard: string;
  email: string;
  /** Empty: cash. */
  card: string;
}

function saleLine(head: SaleHead, line: Line, sign: 1 | -1): string[] {
  const at = new Date(head.at + (isSummer(head.at) ? HOUR_MS : 0)).toISOString();
  return [
    head.receipt,
    `${at.slice(0, 10)} ${at.slice(11, 19)}`,
    head.till,
    head.loyaltyCard,
    head.email,
    head.card === "" ? "cash" : `card ${head.card.slice(-6)}`,
    line.article,
    String(sign * line.quantity),
    (line.priceMinor / 100).toFixed(2),
    "GBP",
  ];
}

const HOUR_MS = 3_600_000;

/** The till's clock is that of its wall: an hour ahead between the last Sundays of March and October, at one in the night (UTC). */
function isSummer(at: number): boolean {
  const year = new Date(at).getUTCFullYear();
  const lastSunday = (month: number) => {
    const end = Date.UTC(year, month + 1, 0, 1);
    return end - new Date(end).getUTCDay() * DAY_MS;
  };
  return at >= lastSunday(2) && at < lastSunday(9);
}

/** No card, no address, no number: a sale that belongs to nobody. */
function walkInSale(seed: number, index: number, walkIn: number, window: Window): string[][] {
  const random = randomOf(seed, TOPIC.walkIn, index, walkIn);
  const at = window.start + Math.floor(random.next() * (window.end - window.start));
  const head = {
    receipt: `W${idDigits(seed, index, 500_000 + walkIn)}`,
    at,
    till: random.pick(TILLS),
    loyaltyCard: "",
    email: "",
    card: "",
  };
  return basketOf(random, 3 + random.gamma(2, 0.12)).map((line) => saleLine(head, line, 1));
}

/** Receipt numbers: the person's and the sale's number under a hash, so that they are unique and say nothing. */
const idDigits = (seed: number, index: number, number: number) =>
  `${hashOf(seed, index, number).toString(36)}-${index.toString(36)}-${number.toString(36)}`.toUpperCase();

/** `31/12/2025`, as British tills write days. */
function dayOf(at: number): string {
  const [year, month, day] = new Date(at).toISOString().slice(0, 10).split("-");
  return `${day}/${month}/${year}`;
}
