/** How the e-mail tool knows a person: profiles, what it says of their consent, letters and what became of them, orders it was told of. */
import { NEVER_SUBSCRIBED, type KlaviyoSeed } from "#connectors/klaviyo/twin/seed.ts";
import { idOf as profileIdOf } from "#connectors/klaviyo/twin/account.ts";
import type { CrmShare } from "./hubspot.ts";
import { isOwn, misspellEmail, respellEmail, varyFirstName } from "./mess.ts";
import { DAY_MS, lastNameAt, type Person, type Window } from "./person.ts";
import type { Buying } from "./purchases.ts";
import { randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import type { Statement } from "./statement.ts";
import type { PaymentShare } from "./stripe.ts";

const TOPIC = { presence: 40, profile: 41, letters: 42 };
const MONTH_MS = 30 * DAY_MS;
const LETTERS = 12;
export const NEWSLETTER = { id: "LNEWS1", name: "Newsletter" };
export const TEA_CLUB = { id: "LCLUB1", name: "Tea club" };

export interface EmailShare {
  seed: KlaviyoSeed;
  records: { id: string; traceable: boolean }[];
  statements: Statement[];
  /** Orders that the tool was told of and the payment provider has as a charge. */
  placed: { event: string; charge: string }[];
  /** Events that may be kept: all but letters opened by somebody who did not agree to that. */
  kept: number;
}

/** What the tool says of somebody's e-mail; `at`: since when. */
type Said =
  | { kind: "nothing" }
  | { kind: "subscribed" | "imported" | "unsubscribed" | "complained" | "suppressed" | "bounced"; at: number };

interface Source {
  seed: number;
  person: Person;
  buying: Buying;
  crm: CrmShare;
  payments: PaymentShare;
  rates: Rates;
  window: Window;
}

/** What the e-mail tool holds about one person. */
export function emailShareOf(source: Source): EmailShare {
  const { seed, person, crm, rates, window } = source;
  const share: EmailShare = {
    seed: { profiles: [], events: [], lists: [] },
    ...{ records: [], statements: [], placed: [], kept: 0 },
  };
  const presence = randomOf(seed, TOPIC.presence, person.index);
  const isContact = crm.records.some(({ contact }) => contact.archived !== true && contact.properties["email"]);
  const buysOnline = source.payments.seed.charges.length > 0;
  const chance = isContact ? rates.emailTool.contact : buysOnline ? rates.emailTool.buyer : 0;
  // The tool has one profile an address: a family's is that of whose name is on it.
  if (!presence.chance(chance) || (person.familyMailbox && !person.headOfHousehold)) return share;
  addProfile(source, share, 0, person.email);
  if (person.earlierEmail !== null && window.end - person.emailChangedAt > DAY_MS)
    if (presence.chance(rates.emailToolOldAddress)) addProfile(source, share, 1, person.earlierEmail);
  return share;
}

function addProfile(source: Source, share: EmailShare, copy: 0 | 1, own: string): void {
  const { seed, person, buying, rates, window } = source;
  const random = randomOf(seed, TOPIC.profile, person.index, copy);
  const id = profileIdOf(person.index * 2 + copy + 1);
  const spelt = random.chance(rates.corrupt.stripe)
    ? misspellEmail(random, own)
    : random.chance(rates.emailVariant)
      ? respellEmail(random, own)
      : own;
  const email = spelt.toLowerCase();
  const phone = random.chance(0.3) ? person.phone : null;
  const last = window.end - 2 * DAY_MS;
  const createdAt = Math.min(last, copy === 1 ? window.start + DAY_MS : buying.joinedAt);
  const said = saidOf(random, source, createdAt, copy);
  const subscribed = said.kind === "subscribed" || said.kind === "imported" || said.kind === "bounced";
  const keepsOpens = subscribed && random.chance(rates.opensAllowed);
  const updatedAt = Math.max(createdAt, said.kind === "nothing" ? 0 : said.at);
  share.seed.profiles.push({
    id,
    attributes: {
      ...{ email, phone_number: phone, first_name: varyFirstName(random, person.firstName) },
      last_name: random.chance(rates.missing.hubspot) ? null : lastNameAt(person, createdAt),
      location: { city: person.town, zip: person.postcode, country: person.country },
      ...{ created: iso(createdAt), updated: iso(updatedAt) },
      subscriptions: subscriptionsOf(said, keepsOpens),
    },
  });
  const record = `klaviyo/profiles/${id}`;
  share.records.push({ id, traceable: isOwn(email, phone) });
  const say = (purpose: Statement["purpose"], state: Statement["state"], at: number, explicit: boolean) =>
    share.statements.push({ person: person.id, channel: "email", purpose, state, at, explicit, record });
  if (said.kind === "subscribed") say("marketing", "granted", said.at, true);
  if (said.kind === "imported") say("marketing", "granted", said.at, false);
  if (said.kind === "unsubscribed" || said.kind === "complained") say("marketing", "withdrawn", said.at, true);
  if (said.kind === "suppressed") say("marketing", "withdrawn", said.at, false);
  if (keepsOpens) say("analytics", "granted", updatedAt, true);
  if (subscribed) join(share, NEWSLETTER, id, said.at);
  if (buying.teaClub !== null && copy === 0) join(share, TEA_CLUB, id, Math.min(last, buying.teaClub.startedAt));
  const { events } = share.seed;
  const before = events.length;
  sendLetters(source, share, id, copy, said);
  const unseen = keepsOpens ? [] : events.slice(before).filter(({ metric }) => metric === OPENED);
  share.kept -= unseen.length;
  if (copy === 0) tellOfOrders(source, share, id);
  share.kept += events.length - before;
}

const OPENED = "Opened Email";

function join({ seed }: EmailShare, list: { id: string; name: string }, profile: string, at: number): void {
  seed.lists.push({ ...list, members: [{ profile, joined: iso(at) }] });
}

/** Mostly what the CRM says as well, since the two are synchronised now and then. */
function saidOf(random: Random, { crm, rates, window }: Source, createdAt: number, copy: 0 | 1): Said {
  const known = crm.statements.find(({ channel, purpose }) => channel === "email" && purpose === "marketing");
  const at = createdAt + Math.floor(random.next() * (window.end - 2 * DAY_MS - createdAt));
  if (copy === 0 && random.chance(rates.emailToolAgrees)) {
    if (known === undefined) return { kind: "nothing" };
    if (known.state === "withdrawn") return { kind: "unsubscribed", at: known.at };
    return { kind: known.explicit ? "subscribed" : "imported", at: known.at };
  }
  let left = random.next();
  for (const [kind, share] of Object.entries(rates.emailToolSays)) {
    left -= share;
    // The keys of the rates are the kinds.
    if (left < 0) return { kind: kind as keyof Rates["emailToolSays"], at };
  }
  return { kind: "nothing" };
}

const BLANK = NEVER_SUBSCRIBED.email.marketing;

function subscriptionsOf(said: Said, keepsOpens: boolean): unknown {
  if (said.kind === "nothing") return NEVER_SUBSCRIBED;
  const at = iso(said.at);
  const no = (reason: string) => ({
    can_receive_email_marketing: false,
    suppression: [{ reason, timestamp: at }],
  });
  const consent = { consent: "SUBSCRIBED", consent_timestamp: at, last_updated: at };
  const ways: Record<Exclude<Said["kind"], "nothing">, object> = {
    subscribed: { ...consent, method: "PREFERENCE_PAGE", double_optin: true },
    imported: { ...consent, method: "LIST_IMPORT", double_optin: false },
    unsubscribed: { ...consent, ...no("UNSUBSCRIBE"), consent: "UNSUBSCRIBED", method: "PREFERENCE_PAGE" },
    complained: { ...consent, ...no("SPAM_COMPLAINT"), method: "FORM" },
    suppressed: { ...consent, ...no("USER_SUPPRESSED"), method: "FORM" },
    bounced: { ...consent, ...no("HARD_BOUNCE"), method: "FORM", double_optin: true },
  };
  const opens = { consent: "SUBSCRIBED", consent_timestamp: at, method: "FORM", can_receive: true, valid_until: null };
  return {
    ...NEVER_SUBSCRIBED,
    email: { marketing: { ...BLANK, ...ways[said.kind] }, ...(keepsOpens ? { open_tracking: opens } : {}) },
  };
}

/** A letter a month to whoever could get one then; some are opened, a few clicked. */
function sendLetters({ seed, person, rates, window }: Source, share: EmailShare, id: string, copy: 0 | 1, said: Said) {
  if (said.kind === "nothing") return;
  const isOver = said.kind === "unsubscribed" || said.kind === "complained" || said.kind === "suppressed";
  const [from, until] = isOver ? [0, said.at] : [said.at, window.end];
  const note = (metric: string, at: number, campaign: string | null, key: string) =>
    share.seed.events.push({
      ...{ id: `D${key}${person.index}C${copy}`, metric, profile: id, datetime: iso(at) },
      properties: campaign === null ? {} : { "Campaign Name": campaign },
    });
  for (let n = LETTERS; n > 0; n--) {
    const random = randomOf(seed, TOPIC.letters, person.index, copy, n);
    const at = window.end - n * MONTH_MS + 10 * 3_600_000;
    if (at < from || at >= until || at >= window.end) continue;
    const campaign = `Tea letter ${iso(at).slice(0, 7)}`;
    if (said.kind === "bounced") {
      note("Bounced Email", at, campaign, `B${n}N`);
      return;
    }
    note("Received Email", at, campaign, `R${n}N`);
    if (random.chance(rates.letterOpened)) note(OPENED, at + 3_600_000, campaign, `O${n}N`);
    if (random.chance(rates.letterClicked)) note("Clicked Email", at + 3_700_000, campaign, `K${n}N`);
  }
  if (said.kind === "unsubscribed") note("Unsubscribed from Email Marketing", said.at, null, "U1N");
  if (said.kind === "complained") note("Marked Email as Spam", said.at, null, "S1N");
}

/** The shop's site tells the tool of each order; the payment provider has the charge. */
function tellOfOrders({ person, payments }: Source, share: EmailShare, id: string): void {
  for (const [n, { charge, at, pounds }] of payments.checkouts.entries()) {
    const event = `DP${n}N${person.index}`;
    share.seed.events.push({
      ...{ id: event, metric: "Placed Order", profile: id, datetime: iso(at + 30_000) },
      properties: { $value: pounds, OrderId: charge },
    });
    share.placed.push({ event, charge });
  }
}

const iso = (at: number): string => new Date(at).toISOString();
