/** A customer list in which households, offices and careless tills set every trap they know; for tests and benches. */
import type { ExternalId } from "#connectors/core/records.ts";
import { connectionIdOf, recordIdOf, workspaceIdOf } from "#profile/ids.ts";
import { identifiersOf, type PersonFacts } from "../identifiers.ts";
import { normalisePerson } from "../normalise/person.ts";
import type { IdentityRecord } from "../resolve.ts";
import type { LinkageFacts } from "./facts.ts";
import { linkageFactsOf } from "./person-facts.ts";
import { drawsOf } from "./random.ts";

export const trapKinds = [
  "the same person twice",
  "father and son",
  "twins with one mobile and inbox",
  "one inbox of an office",
  "loyalty number zero",
  "tags of a company's mailbox",
  "nameless holders of one phone",
  "a typo in the address",
  "a new address",
  "a new family name",
  "a new family name, of which only the address tells",
] as const;
export type TrapKind = (typeof trapKinds)[number];

/** What no evidence tells: whoever decides is a person. */
export const unknowable: ReadonlySet<TrapKind> = new Set(["a new family name, of which only the address tells"]);

export interface PoisonedRecord {
  kind: TrapKind;
  person: number;
  record: IdentityRecord;
  facts: LinkageFacts | null;
}

const GIVEN =
  `Anna Maria Laura Julia Sophie Emma Clara Lena Nora Paula Ines Marta Greta Helen Olivia Grace Sarah Ruth Diana Vera
   Thomas Peter Martin Simon Daniel David Oscar Felix Hugo Victor Adam Henry Paul Max Leon Jonas Erik Conrad Bruno Carl`.split(
    /\s+/,
  );
const START = "Bel Cor Dan Fal Gor Har Jan Kel Lor Mor Nel Os Par Quin Ros Sal Tor Ul Ver Wil Yor Zan".split(" ");
const MIDDLE = "a e i o u al en or un is".split(" ");
const END = "berg ford ley man ner sen ski son ston ter ton vic wald well wood".split(" ");
const STREETS = "Mill Lane|Church Road|Station Road|High Street|Park Avenue|Victoria Road|Green Lane|Kings Road".split(
  "|",
);
const TOWNS = "Leeds Bath York Derby Truro Exeter Luton Oxford Bristol Norwich".split(" ");
const DOMAINS = "gmail.com outlook.com brightleaf.co.uk postbox.co.uk".split(" ");

const connectionId = connectionIdOf(workspaceIdOf("poisoned"), "csv", "list");

/** @param people about so many, a like number of each kind of trap and a good half without any */
export function poisonedPeople(people: number, seed = 1): PoisonedRecord[] {
  const list = new PoisonedList(seed);
  for (let round = 0; list.people < people; round++) for (const trap of traps) trap(list, round);
  return list.records;
}

class PoisonedList {
  readonly records: PoisonedRecord[] = [];
  readonly draw: (below: number) => number;
  people = 0;

  constructor(seed: number) {
    this.draw = drawsOf(seed);
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.draw(items.length)];
    if (item === undefined) throw new RangeError("Nothing to pick from.");
    return item;
  }

  born(): string {
    return new Date(Date.UTC(1945, 0, 2 + this.draw(21_000))).toISOString().slice(0, 10);
  }

  family(): string {
    return `${this.pick(START)}${this.pick(MIDDLE)}${this.pick(END)}`;
  }

  mobile(): string {
    return `07400 ${String(100_000 + this.draw(900_000))}`;
  }

  home(): Pick<PersonFacts, "street" | "postcode" | "city"> {
    const postcode = `LS${1 + this.draw(29)} ${this.draw(10)}${this.pick(["AB", "DE", "GH", "LN", "PQ", "ST", "UW"])}`;
    return { street: `${1 + this.draw(150)} ${this.pick(STREETS)}`, postcode, city: this.pick(TOWNS) };
  }

  address(first: string, last: string): string {
    return `${first}.${last}${this.draw(1_000)}@${this.pick(DOMAINS)}`.toLowerCase();
  }

  add(kind: TrapKind, person: number, fields: Partial<PersonFacts> & { name?: string }): void {
    const { name = "", ...more } = fields;
    const [firstName = null, ...last] = name.split(" ").filter((part) => part !== "");
    const id = String(this.records.length);
    const customer: ExternalId = { kind: "account_id", value: id, scope: "connection" };
    const facts: PersonFacts = {
      ...{ emails: [], phones: [], company: null, country: "GB", postcode: null, city: null, mergedInto: null },
      ...more,
      ...{ firstName, lastName: last.join(" ") || null },
      externalIds: [customer, ...(more.externalIds ?? [])],
    };
    const normalised = normalisePerson(facts, { defaultCountry: "GB", today: "2026-11-01" });
    const { first: given, last: family, generation } = normalised.name;
    this.records.push({
      kind,
      person,
      record: {
        recordId: recordIdOf(connectionId, "people", id),
        createdAtMs: this.records.length,
        name: { first: given, last: family, ...(generation === undefined ? {} : { generation }) },
        postcode: normalised.postcode?.key ?? null,
        identifiers: identifiersOf(facts, { connectionId, stream: "people", defaultCountry: "GB" }),
      },
      facts: linkageFactsOf(normalised),
    });
  }

  /** Two different given names. */
  two(): [string, string] {
    const first = this.draw(GIVEN.length);
    return [GIVEN[first] ?? "", GIVEN[(first + 1 + this.draw(GIVEN.length - 1)) % GIVEN.length] ?? ""];
  }
}

function misspelt(text: string, draw: (below: number) => number): string {
  const at = 1 + draw(Math.max(1, text.length - 2));
  return `${text.slice(0, at)}${String.fromCharCode(97 + draw(26))}${text.slice(at + 1)}`;
}

type Trap = (list: PoisonedList, round: number) => void;

const traps: readonly Trap[] = [
  (list) => {
    for (let count = 0; count < 12; count++) {
      const [first, last, home] = [list.pick(GIVEN), list.family(), list.home()];
      const person = list.people++;
      const facts = { ...home, birthDate: list.born(), emails: [list.address(first, last)], phones: [list.mobile()] };
      list.add("the same person twice", person, { name: `${first} ${last}`, ...facts });
      const spelt = list.draw(4) === 0 ? misspelt(last, list.draw) : last;
      const kept = list.draw(3);
      list.add("the same person twice", person, {
        name: `${first} ${spelt}`,
        ...facts,
        emails: kept === 0 ? facts.emails : [],
        phones: kept === 1 ? facts.phones : [],
      });
    }
  },
  (list) => {
    const [first, last, home, mobile] = [list.pick(GIVEN), list.family(), list.home(), list.mobile()];
    const inbox = `${last}@${list.pick(DOMAINS)}`.toLowerCase();
    for (const generation of ["Sr", "Jr"]) {
      const person = list.people++;
      for (let count = 0; count < 2; count++)
        list.add("father and son", person, {
          ...{ name: `${first} ${last} ${generation}`, ...home, phones: [mobile] },
          emails: count === 0 ? [inbox] : [],
        });
    }
  },
  (list) => {
    const [last, home, mobile, birthDate] = [list.family(), list.home(), list.mobile(), list.born()];
    const inbox = `the.${last}s@${list.pick(DOMAINS)}`.toLowerCase();
    for (const first of list.two()) {
      const person = list.people++;
      const facts = { name: `${first} ${last}`, ...home, birthDate };
      list.add("twins with one mobile and inbox", person, { ...facts, phones: [mobile] });
      list.add("twins with one mobile and inbox", person, { ...facts, emails: [inbox] });
    }
  },
  (list, round) => {
    const inbox = `reception@${list.family()}-partners.co.uk`.toLowerCase();
    for (let count = 0; count < 3 + (round % 5); count++)
      list.add("one inbox of an office", list.people++, {
        name: `${list.pick(GIVEN)} ${list.family()}`,
        emails: [inbox],
        company: "Partners",
      });
  },
  (list) => {
    for (let count = 0; count < 2; count++)
      list.add("loyalty number zero", list.people++, {
        name: count === 0 ? `${list.pick(GIVEN)} ${list.family()}` : "",
        emails: [list.address("guest", list.family())],
        externalIds: [{ kind: "loyalty_id", value: "0", scope: "connection" }],
      });
  },
  (list) => {
    const box = `office.${list.family()}`.toLowerCase();
    for (const first of list.two()) {
      const person = list.people++;
      list.add("tags of a company's mailbox", person, {
        name: `${first} ${list.family()}`,
        emails: [`${box}+${first}@brightleaf.co.uk`.toLowerCase()],
      });
    }
  },
  (list) => {
    const phone = list.mobile();
    for (let count = 0; count < 5; count++)
      list.add("nameless holders of one phone", list.people++, {
        phones: [phone],
        emails: count % 2 === 0 ? [list.address("x", list.family())] : [],
      });
  },
  (list) => {
    const [first, last, birthDate] = [list.pick(GIVEN), list.family(), list.born()];
    const person = list.people++;
    const email = list.address(first, last);
    list.add("a typo in the address", person, { name: `${first} ${last}`, birthDate, emails: [email] });
    list.add("a typo in the address", person, {
      ...{ name: `${first} ${last}`, birthDate },
      emails: [misspelt(email.slice(0, email.indexOf("@")), list.draw) + email.slice(email.indexOf("@"))],
    });
  },
  (list) => {
    const [first, last, birthDate] = [list.pick(GIVEN), list.family(), list.born()];
    const person = list.people++;
    for (let count = 0; count < 2; count++)
      list.add("a new address", person, {
        name: `${first} ${last}`,
        birthDate,
        emails: [list.address("me", list.family())],
      });
  },
  (list) => {
    const [first, home, birthDate, person] = [list.pick(GIVEN), list.home(), list.born(), list.people++];
    for (let count = 0; count < 2; count++)
      list.add("a new family name", person, {
        ...{ name: `${first} ${list.family()}`, ...home, birthDate },
        emails: [list.address(first, list.family())],
      });
  },
  (list) => {
    const [first, home, person] = [list.pick(GIVEN), list.home(), list.people++];
    for (let count = 0; count < 2; count++)
      list.add("a new family name, of which only the address tells", person, {
        ...{ name: `${first} ${list.family()}`, ...home },
        emails: [list.address(first, list.family())],
      });
  },
];
