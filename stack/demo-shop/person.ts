/** Who the shop's customers truly are: households of up to four, their names, addresses and numbers, and what changed. */
import { randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import {
  companyKinds,
  companyWords,
  femaleNames,
  lastNames,
  mailProviders,
  maleNames,
  places,
  similarNames,
  unrelatedMailboxes,
} from "./vocabulary.ts";

export const DAY_MS = 86_400_000;
/** Households are cut from blocks of this many consecutive persons, so that nobody depends on how many there are. */
const BLOCK = 4;
/** Topics keep the draws of different questions apart. */
const TOPIC = { block: 1, household: 2, person: 3 };

/** Twins, and junior and senior: the very same name, once in five. */
const lookalikeNames: (readonly [string, string])[] = [
  ...similarNames,
  ...similarNames.slice(4, 8).map(([name]): readonly [string, string] => [name, name]),
];

export interface Company {
  id: string;
  name: string;
  domain: string;
}

export interface Person {
  index: number;
  /** Name in the truth files. */
  id: string;
  firstName: string;
  lastName: string;
  /** Name before the wedding; null: never changed within the window. */
  earlierLastName: string | null;
  renamedAt: number;
  email: string;
  /** Address given up within the window; null: none. */
  earlierEmail: string | null;
  emailChangedAt: number;
  /** The mailbox is read by the whole household. */
  familyMailbox: boolean;
  /** First of the household: the one whose name is on a shared mailbox or line. */
  headOfHousehold: boolean;
  /** E.164. Usually the person's own mobile. */
  phone: string;
  town: string;
  postcode: string;
  country: "GB" | "IE" | "FR" | "JP";
  currency: "GBP" | "EUR" | "JPY";
  company: Company | null;
}

/** Time of the data: `start` and `end` are UTC midnights, milliseconds. */
export interface Window {
  start: number;
  end: number;
}

/** The window that ends with the day of `now`: the same day gives the same data. */
export function windowOf(now: number, rates: Rates): Window {
  const end = Math.floor(now / DAY_MS) * DAY_MS;
  return { start: end - rates.windowDays * DAY_MS, end };
}

/** The same person for the same seed, window and index, however many others there are. */
export function personOf(seed: number, index: number, rates: Rates, window: Window): Person {
  const block = Math.floor(index / BLOCK);
  const { household, slot } = householdOf(seed, block, index % BLOCK, rates);
  const home = randomOf(seed, TOPIC.household, block, household);
  const [town, district, areaCode] = home.pick(places);
  const postcode = `${district} ${1 + home.below(9)}${letter(home)}${letter(home)}`;
  const familyName = home.pickSkewed(lastNames);
  const landline = home.chance(rates.landline) ? landlineOf(areaCode, block * BLOCK + household) : null;
  const familyMailbox = home.chance(rates.familyMailbox);
  const lookalike = home.chance(rates.lookalike);
  const [headName, otherName] = lookalike ? home.pick(lookalikeNames) : [null, null];

  const random = randomOf(seed, TOPIC.person, index);
  const own = random.pickSkewed(random.chance(0.55) ? femaleNames : maleNames);
  const isLookalike = lookalike && slot < 2;
  const firstName = (isLookalike ? (slot === 0 ? headName : otherName) : null) ?? own;
  const keepsOwnName = slot === 1 && !isLookalike && random.chance(rates.ownLastName);
  const lastName = keepsOwnName ? random.pickSkewed(lastNames) : familyName;
  const inWindow = () => window.start + Math.floor((0.1 + 0.8 * random.next()) * (window.end - window.start));
  const earlierLastName = random.chance(rates.marriedName) ? random.pickSkewed(lastNames) : null;
  const renamedAt = inWindow();
  const company = workplaceOf(seed, block, rates);
  const mailboxName = { first: firstName, last: earlierLastName ?? lastName };
  const familyAddress = `the.${plain(familyName)}s.${block}.${household}@gmail.com`;
  const email = familyMailbox ? familyAddress : mailboxOf(random, mailboxName, index, company);
  const changed = !familyMailbox && random.chance(rates.changedEmail);
  const earlierEmail = changed ? mailboxOf(random, mailboxName, index, null, "old") : null;
  const emailChangedAt = inWindow();
  const partner = block * BLOCK + (slot === 0 ? index % BLOCK : (index % BLOCK) - 1);
  const sharesLine = landline !== null && random.chance(0.35);
  const borrows = slot > 0 && random.chance(rates.partnersMobile);
  const abroad = random.next();
  const yen = abroad < rates.yen;
  const euro = !yen && abroad < rates.yen + rates.euro;
  return {
    index,
    id: personId(index),
    firstName,
    lastName,
    earlierLastName: earlierLastName === lastName ? null : earlierLastName,
    renamedAt,
    email,
    earlierEmail: earlierEmail === email ? null : earlierEmail,
    emailChangedAt,
    familyMailbox,
    headOfHousehold: slot === 0,
    phone: sharesLine ? landline : mobileOf(borrows ? partner : index),
    town: yen ? "Kyoto" : town,
    postcode: yen ? "600-8216" : postcode,
    country: yen ? "JP" : euro ? random.pick(["IE", "FR"]) : "GB",
    currency: yen ? "JPY" : euro ? "EUR" : "GBP",
    company,
  };
}

export const personId = (index: number) => `p${String(index).padStart(7, "0")}`;

export const emailAt = (person: Person, at: number) =>
  person.earlierEmail !== null && at < person.emailChangedAt ? person.earlierEmail : person.email;

export const lastNameAt = (person: Person, at: number) =>
  person.earlierLastName !== null && at < person.renamedAt ? person.earlierLastName : person.lastName;

/** Cuts a block into households and finds the one a position falls into. */
function householdOf(seed: number, block: number, position: number, rates: Rates) {
  const random = randomOf(seed, TOPIC.block, block);
  let from = 0;
  for (let household = 0; ; household++) {
    const size = 1 + weighted(random, rates.householdSizes);
    if (position < from + size) return { household, slot: position - from };
    from += size;
  }
}

function workplaceOf(seed: number, block: number, rates: Rates): Company | null {
  const random = randomOf(seed, TOPIC.block, block, 1);
  if (!random.chance(rates.workplace)) return null;
  const word = random.pick(companyWords);
  const kind = random.pick(companyKinds);
  return {
    id: String(70_000_000 + block),
    name: `${word} ${kind}`,
    domain: `${plain(word)}${plain(kind)}${block}.co.uk`,
  };
}

/** Every mailbox carries its person's number, so that two people never share one by accident. */
function mailboxOf(
  random: Random,
  name: { first: string; last: string },
  index: number,
  company: Company | null,
  suffix = "",
) {
  const first = plain(name.first);
  const last = plain(name.last);
  if (company !== null && random.chance(0.6)) return `${first}.${last}${index}@${company.domain}`;
  const style = random.next();
  const number = `${suffix}${index}`;
  const local =
    style < 0.6
      ? `${first}.${last}${number}`
      : style < 0.85
        ? `${first.slice(0, 1)}${last}${number}`
        : `${random.pick(unrelatedMailboxes)}${number}`;
  let left = random.next();
  for (const [domain, share] of mailProviders) {
    left -= share;
    if (left < 0) return `${local}@${domain}`;
  }
  return `${first}${suffix}@${last}-${index}.co.uk`;
}

/** UK mobile ranges 074xx and 078xx: 100 prefixes of a million numbers, walked by a multiplier that visits each once. */
function mobileOf(index: number): string {
  const number = (index * 61_803_399 + 31_415_927) % 100_000_000;
  const prefix = Math.floor(number / 1_000_000);
  const range = prefix < 50 ? 7400 + prefix : 7800 + prefix;
  return `+44${range}${String(number % 1_000_000).padStart(6, "0")}`;
}

function landlineOf(areaCode: string, key: number): string {
  return `+44${areaCode}${200_000 + ((key * 7919) % 699_967)}`;
}

function weighted(random: Random, shares: readonly number[]): number {
  let left = random.next();
  for (const [position, share] of shares.entries()) {
    left -= share;
    if (left < 0) return position;
  }
  return 0;
}

const letter = (random: Random) => "ABDEFGHJLNPQRSTUWXYZ".charAt(random.below(20));

/** ASCII letters only, for mailbox and domain names. */
export const plain = (text: string) =>
  text
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();
