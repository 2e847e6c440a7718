/** How the CRM knows a person: contacts with duplicates, archived and merged ones, old addresses, subscription statuses. */
import type { HubspotSeed, HubspotSeedContact } from "#connectors/hubspot/twin/seed.ts";
import { ADVERTS, NEWS, OFFERS, RECOMMENDATIONS } from "./accounts.ts";
import { clickHeldBy } from "./ads.ts";
import {
  PLACEHOLDER_PHONE,
  misspell,
  misspellEmail,
  respellEmail,
  varyFirstName,
  varyLastName,
  writePhone,
} from "./mess.ts";
import { DAY_MS, emailAt, lastNameAt, type Person, type Window } from "./person.ts";
import type { Buying } from "./purchases.ts";
import { randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import type { Statement } from "./statement.ts";

const TOPIC = { presence: 10, contact: 11, consent: 12, deal: 13, test: 14, adverts: 15 };
const NOBODY = { source: "None", legalBasis: null, legalBasisExplanation: null };

type Subscription = NonNullable<HubspotSeedContact["subscriptions"]>[number];

export interface CrmRecord {
  contact: HubspotSeedContact;
  /** Null: a test record, which is nobody. */
  person: string | null;
}

export interface CrmShare {
  records: CrmRecord[];
  deals: HubspotSeed["deals"];
  statements: Statement[];
}

/** What the CRM holds about one person. */
export function crmShareOf(seed: number, person: Person, buying: Buying, rates: Rates, window: Window): CrmShare {
  const share: CrmShare = { records: [], deals: [], statements: [] };
  const presence = randomOf(seed, TOPIC.presence, person.index);
  const lead = buying.purchases.length === 0;
  const copies = (presence.chance(rates.duplicate) ? 1 : 0) + (presence.chance(rates.secondDuplicate) ? 1 : 0);
  const wanted = lead || presence.chance(rates.crm) ? 1 + copies : 0;
  const emails = new Set<string>();
  for (let copy = 0; copy < wanted; copy++) {
    const random = randomOf(seed, TOPIC.contact, person.index, copy);
    const contact = contactOf(random, { person, buying, rates, window, copy, taken: emails });
    for (const address of [contact.properties["email"], contact.properties["hs_additional_emails"]]) {
      if (address) emails.add(address);
    }
    const first = share.records[0]?.contact;
    if (first !== undefined && random.chance(rates.mergedDuplicate)) {
      contact.archived = true;
      contact.mergedInto = first.id;
    } else if (random.chance(rates.archivedContact)) contact.archived = true;
    if (contact.archived !== true && contact.properties["email"]) {
      const statements = randomOf(seed, TOPIC.consent, person.index, copy);
      const adverts = randomOf(seed, TOPIC.adverts, person.index, copy);
      contact.subscriptions = [
        ...subscriptionsOf(statements, person, contact, rates, window, share.statements),
        ...advertsOf(adverts, person, contact, rates, window, share.statements),
      ];
    }
    const click = copy === 0 ? clickHeldBy(seed, person.index, rates, window) : null;
    if (click !== null) contact.properties["hs_google_click_id"] = click;
    share.records.push({ contact, person: person.id });
  }
  const deal = dealOf(randomOf(seed, TOPIC.deal, person.index), person, share.records[0]?.contact, window);
  if (deal !== null) share.deals.push(deal);
  const test = randomOf(seed, TOPIC.test, person.index);
  if (test.chance(rates.testRecord))
    share.records.push({ contact: testContact(test, person.index, window), person: null });
  return share;
}

interface ContactFacts {
  person: Person;
  buying: Buying;
  rates: Rates;
  window: Window;
  copy: number;
  /** Addresses of earlier copies: HubSpot keeps the primary address unique. */
  taken: ReadonlySet<string>;
}

function contactOf(random: Random, { person, buying, rates, window, copy, taken }: ContactFacts): HubspotSeedContact {
  const last = window.end - DAY_MS;
  const createdAt = Math.min(last, buying.joinedAt + Math.floor(random.next() * (copy === 0 ? 20 : 300) * DAY_MS));
  const updatedAt = createdAt + Math.floor(random.next() * (last - createdAt));
  const missing = () => random.chance(rates.missing.hubspot);
  const wrong = () => random.chance(rates.corrupt.hubspot);
  // Half of the changed addresses were told to the shop; the others keep the address of the day they were entered.
  const told = copy === 0 && random.chance(0.5) ? updatedAt : createdAt;
  const lastName = varyLastName(random, lastNameAt(person, told));
  const email = addressOf(random, person, told, rates, copy, taken);
  const old = person.earlierEmail;
  const keepsOld = old !== null && email === person.email && createdAt < person.emailChangedAt && !taken.has(old);
  const phone = email === null || !random.chance(0.2) ? writePhone(random, person.phone, person.country) : null;
  const name = missing() ? null : varyFirstName(random, person.firstName);
  return {
    id: String(10_000_000 + person.index * 10 + copy),
    properties: {
      email,
      hs_additional_emails: keepsOld && random.chance(rates.additionalEmailKept) ? old : null,
      firstname: name !== null && wrong() ? misspell(random, name) : name,
      lastname: missing() && email !== null ? null : wrong() ? misspell(random, lastName) : lastName,
      phone: random.chance(rates.placeholderPhone) ? PLACEHOLDER_PHONE : phone,
      mobilephone: null,
      company: person.company?.name ?? null,
      country: missing() ? null : (COUNTRIES[person.country] ?? null),
      zip: missing() ? null : person.postcode,
      city: missing() ? null : person.town,
    },
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  };
}

const COUNTRIES: Readonly<Record<string, string>> = { GB: "United Kingdom", IE: "Ireland", FR: "France", JP: "Japan" };

/** The primary address of a contact: lower case and unique in the account, as HubSpot has it; null where none is free. */
function addressOf(random: Random, person: Person, at: number, rates: Rates, copy: number, taken: ReadonlySet<string>) {
  const own = emailAt(person, at);
  // A shared mailbox can stand on one contact only: that of the person whose name is on it.
  if (person.familyMailbox && !person.headOfHousehold) return null;
  const inbox = person.company !== null && person.index % 4 === 0 && random.chance(rates.companyInbox);
  if (inbox && copy === 0) return `info@${person.company?.domain ?? ""}`;
  if (copy === 0 && random.chance(rates.missing.hubspot)) return null;
  const wrong = random.chance(copy === 0 ? rates.corrupt.hubspot : 0.15);
  const respelt = random.chance(copy === 0 ? rates.emailVariant : 0.6);
  const address = wrong ? misspellEmail(random, own) : respelt ? respellEmail(random, own) : own;
  const free = [address, person.earlierEmail].find((each) => each !== null && !taken.has(each.toLowerCase()));
  return free?.toLowerCase() ?? null;
}

function subscriptionsOf(
  random: Random,
  person: Person,
  contact: HubspotSeedContact,
  rates: Rates,
  window: Window,
  statements: Statement[],
): Subscription[] {
  const created = Date.parse(contact.createdAt);
  const record = `hubspot/contacts/${contact.id}`;
  const objection = objectionOf(random, { person, record, created }, rates, window, statements);
  const marketing = [NEWS, ...(random.chance(0.15) ? [OFFERS] : [])].map((type): Subscription => {
    const kind = random.next();
    const later = created + Math.floor(random.next() * (window.end - DAY_MS - created));
    const timestamp = (at: number) => new Date(at).toISOString();
    const say = (state: Statement["state"], at: number, explicit: boolean) =>
      statements.push({ person: person.id, channel: "email", purpose: "marketing", state, at, explicit, record });
    if (kind < rates.crmEmail.form) {
      const at = random.chance(0.3) ? later : created;
      say("granted", at, true);
      return { ...type, status: "SUBSCRIBED", ...FORM, timestamp: timestamp(at) };
    }
    if (kind < rates.crmEmail.form + rates.crmEmail.imported) {
      const at = random.chance(0.5) ? later : created;
      say("granted", at, false);
      return { ...type, status: "SUBSCRIBED", ...IMPORT, timestamp: timestamp(at) };
    }
    if (kind < rates.crmEmail.form + rates.crmEmail.imported + rates.crmEmail.withdrawn) {
      say("withdrawn", later, true);
      return { ...type, status: "UNSUBSCRIBED", ...LINK, timestamp: timestamp(later) };
    }
    return { ...type, status: "NOT_SPECIFIED", ...NOBODY, timestamp: timestamp(created) };
  });
  return [...marketing, ...objection];
}

function objectionOf(
  random: Random,
  { person, record, created }: { person: Person; record: string; created: number },
  rates: Rates,
  window: Window,
  statements: Statement[],
): Subscription[] {
  if (!random.chance(rates.profilingObjection)) return [];
  const at = created + Math.floor(random.next() * (window.end - DAY_MS - created));
  statements.push({
    person: person.id,
    channel: "any",
    purpose: "personalisation",
    state: "withdrawn",
    at,
    explicit: true,
    record,
  });
  return [{ ...RECOMMENDATIONS, status: "UNSUBSCRIBED", ...LINK, timestamp: new Date(at).toISOString() }];
}

function advertsOf(
  random: Random,
  person: Person,
  contact: HubspotSeedContact,
  { adsConsent }: Rates,
  window: Window,
  statements: Statement[],
): Subscription[] {
  const kind = random.next();
  if (kind >= adsConsent.form + adsConsent.withdrawn) return [];
  const isYes = kind < adsConsent.form;
  const created = Date.parse(contact.createdAt);
  const at = isYes ? created : created + Math.floor(random.next() * (window.end - DAY_MS - created));
  statements.push({
    ...{ person: person.id, channel: "ads", purpose: "ad_audience", state: isYes ? "granted" : "withdrawn" },
    ...{ at, explicit: true, record: `hubspot/contacts/${contact.id}` },
  });
  const timestamp = new Date(at).toISOString();
  return [{ ...ADVERTS, status: isYes ? "SUBSCRIBED" : "UNSUBSCRIBED", ...(isYes ? BOX : LINK), timestamp }];
}

const BOX = {
  source: "Form",
  legalBasis: "CONSENT_WITH_NOTICE",
  legalBasisExplanation: "Ticked the box for adverts on the sign-up form.",
};
const FORM = {
  source: "Form",
  legalBasis: "CONSENT_WITH_NOTICE",
  legalBasisExplanation: "Ticked the newsletter box on the sign-up form.",
};
const IMPORT = {
  source: "Import",
  legalBasis: "LEGITIMATE_INTEREST_CLIENT",
  legalBasisExplanation: "Carried over from the old mailing list.",
};
const LINK = { source: "Unsubscribe link", legalBasis: null, legalBasisExplanation: null };

/** Workshops and office plants: an enquiry by somebody with a company, open or settled. */
function dealOf(random: Random, person: Person, contact: HubspotSeedContact | undefined, window: Window) {
  if (person.company === null || contact === undefined || contact.archived === true || !random.chance(0.3)) return null;
  const created = Date.parse(contact.createdAt);
  const closed = created + Math.floor(random.next() * (window.end - created));
  const stage = random.pick(["appointmentscheduled", "presentationscheduled", "closedwon", "closedlost"]);
  return {
    id: String(80_000_000 + person.index),
    properties: {
      dealname: `Office plants for ${person.company.name}`,
      dealstage: stage,
      amount: String(100 + random.below(900)),
      deal_currency_code: "GBP",
      closedate: stage.startsWith("closed") ? new Date(closed).toISOString() : null,
    },
    createdAt: contact.createdAt,
    updatedAt: new Date(closed).toISOString(),
    contactIds: [contact.id],
  };
}

function testContact(random: Random, index: number, window: Window): HubspotSeedContact {
  const at = new Date(window.start + Math.floor(random.next() * (window.end - window.start))).toISOString();
  const properties = random.chance(0.5)
    ? { email: `test${index}@fernandkettle.co.uk`, firstname: "Test", lastname: "Customer", phone: PLACEHOLDER_PHONE }
    : { email: null, firstname: "asdf", lastname: "asdf", phone: "01234567890" };
  return { id: String(10_000_000 + index * 10 + 9), properties, createdAt: at, updatedAt: at };
}
