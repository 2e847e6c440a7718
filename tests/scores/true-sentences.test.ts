/** Every sentence shown about a customer, held against the raw rows. One that no rule here knows fails: it would be unproved. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CanonicalRecord, ConsentStateName } from "#connectors/core/records.ts";
import type { ProfileId } from "#profile/ids.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createProfileViews, type ProfileView } from "#profile/store/views/profile.ts";
import { TRAITS } from "#profile/traits.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { consent, order, person, subscription, touchpoint } from "#tests/support/records.ts";
import { dayOf, plusDays, rawCustomer, shownDay, type RawCustomer } from "./raw-customer.ts";

const NOW = new Date();
const TODAY = dayOf(NOW);
const PEOPLE = 160;
const ago = (count: number, hour = 10) =>
  new Date(Date.parse(`${plusDays(TODAY, -count)}T00:00:00Z`) + hour * 3_600_000).toISOString();

let shop: Shop;
let customers: { view: ProfileView; raw: RawCustomer }[];
let gapOfShop: number;

/** The same customers each time: a linear congruence is random enough. */
function randomness() {
  let state = 20_261_128;
  return (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * below);
  };
}

const STATES: ConsentStateName[] = ["granted", "granted", "granted", "withdrawn", "denied", "unknown", "pending"];

function recordsOf(id: string, random: (below: number) => number): CanonicalRecord[] {
  const records: CanonicalRecord[] = [
    person(id, {
      createdAt: ago(300 + random(300)),
      phones: random(2) === 0 ? [`+447700${900_000 + Number(id)}`] : [],
      firstName: `Ada${id}`,
    }),
  ];
  const gap = 10 + random(50);
  const orders = [0, 1, 1, 2, 3, 3, 4, 5, 6, 8][random(10)] ?? 0;
  const last = random(4) === 0 ? random(500) : random(gap * 3);
  for (let n = 0; n < orders; n += 1) {
    const fate = random(12);
    records.push(
      order(`o${id}.${n}`, id, {
        placedAt: ago(last + n * gap, random(24)),
        ...(fate === 0 ? { refundedMinor: 2_500, status: "refunded" } : {}),
        ...(fate === 1 ? { status: "failed" } : {}),
        ...(fate === 2 ? { currency: "EUR" } : {}),
      }),
    );
    // A second order on the same day is no second day.
    if (fate === 3) records.push(order(`o${id}.${n}b`, id, { placedAt: ago(last + n * gap, 11) }));
  }
  if (random(6) === 0) {
    const status = (["active", "past_due", "cancelled"] as const)[random(3)] ?? "active";
    const endedAt = status === "cancelled" ? ago(random(500)) : null;
    records.push(subscription(`s${id}`, id, { status, startedAt: ago(520), endedAt }));
  }
  if (random(3) === 0) records.push(touchpoint(`t${id}`, id, { at: ago(random(200)) }));
  for (let n = random(5); n > 0; n -= 1)
    records.push(touchpoint(`m${id}.${n}`, id, { type: n % 3 === 0 ? "sms_sent" : "email_sent", at: ago(random(12)) }));
  for (const channel of ["email", "sms"] as const) {
    if (random(3) === 0) continue;
    const state = STATES[random(STATES.length)] ?? "granted";
    const effectiveAt = random(3) === 0 ? null : random(6) === 0 ? "2099-01-01T00:00:00Z" : ago(random(300));
    const said = { channel, state, effectiveAt, explicit: random(2) === 0, proof: `form ${id}` };
    records.push(consent(`c${id}.${channel}`, id, said));
  }
  return records;
}

beforeAll(async () => {
  shop = await openShop();
  const random = randomness();
  const ids = Array.from({ length: PEOPLE }, (_, n) => String(n + 1));
  await shop.save(ids.flatMap((id) => recordsOf(id, random)));
  await shop.resolveAll();
  const at = new Date(Date.now() + 1_000).toISOString();
  await shop.refreshConsents(at);
  const scores = createScoreStore(shop.database);
  await scores.refreshBaseline(shop.workspaceId, at);
  while ((await scores.scoreBatch(shop.workspaceId, { limit: 1_000, asOf: at })).more);
  const views = createProfileViews(shop.database);
  const profiles = await shop.rows<{ profile_id: ProfileId }>("SELECT profile_id FROM profile WHERE workspace_id = $1");
  customers = [];
  for (const { profile_id } of profiles) {
    const view = await views.profile(shop.workspaceId, profile_id);
    if (view === null) throw new Error("a profile without records");
    customers.push({ view, raw: await rawCustomer(shop, profile_id, NOW) });
  }
  const gaps = customers
    .filter(({ raw }) => raw.keptDays.length > 1)
    .map(({ raw }) => spanOf(raw) / (raw.keptDays.length - 1))
    .toSorted((a, b) => a - b);
  const middle = (gaps.length - 1) / 2;
  gapOfShop = Math.round(((gaps[Math.floor(middle)] ?? NaN) + (gaps[Math.ceil(middle)] ?? NaN)) / 2);
});
afterAll(() => shop.drop());

const lastOf = ({ keptDays }: RawCustomer) => keptDays.at(-1) ?? "";
const spanOf = ({ keptDays }: RawCustomer) =>
  (Date.parse(keptDays.at(-1) ?? "") - Date.parse(keptDays[0] ?? "")) / 86_400_000;
const count = ({ keptDays }: RawCustomer) => keptDays.length;
const gapOf = (raw: RawCustomer) =>
  Math.max(Math.round((2 * gapOfShop + spanOf(raw)) / (1 + count(raw))), count(raw) === 1 ? 20 : 7);
const lastIs = (raw: RawCustomer, shown = "") => shownDay(lastOf(raw)) === shown;
const dueIs = (raw: RawCustomer, shown = "") => shownDay(plusDays(lastOf(raw), gapOf(raw))) === shown;
const future = (shown = "") => Date.parse(`${shown} 12:00 UTC`) > Date.parse(`${TODAY}T12:00:00Z`);
const past = (shown = "") => !future(shown);
const never = (raw: RawCustomer) => count(raw) === 0;
const channelOf = (words = "") => (words === "e-mail" ? "email" : "sms");
const entriesOf = (raw: RawCustomer, words = "") => raw.consents.filter((one) => one.channel === channelOf(words));
const saysYes = (raw: RawCustomer, words = "") =>
  entriesOf(raw, words).some((one) => one.state === "granted" && !isImpossible(one));

/** Nobody answered for a week. */
const isOver = ({ at, recordedAt }: RawCustomer["consents"][number]): boolean =>
  Date.parse(`${TODAY}T12:00:00Z`) - (at === null || at > recordedAt ? recordedAt : at).getTime() >= 7 * 86_400_000;

/** Dated by its source in a time that was yet to come: such a yes permits nothing. */
const isImpossible = ({ at, recordedAt }: RawCustomer["consents"][number]): boolean => at !== null && at > recordedAt;
const saysNo = (raw: RawCustomer, words = "") =>
  entriesOf(raw, words).some(({ state }) => state === "withdrawn" || state === "denied");
const stageSince = (raw: RawCustomer, stage = "") => {
  const gap = gapOf(raw);
  const from = { "At risk": Math.floor(1.5 * gap), Lapsed: 3 * gap, Churned: Math.max(6 * gap, 365) }[stage];
  return from === undefined ? null : shownDay(plusDays(lastOf(raw), from + 1));
};
const label = (stage = "") => Object.values<string>(TRAITS[0].values).includes(stage);
const hasSubscription = (
  raw: RawCustomer,
  statuses: string[],
  day: (one: { startedAt: Date; endedAt: Date | null }) => Date,
  shown = "",
) => raw.subscriptions.some((one) => statuses.includes(one.status) && shownDay(day(one)) === shown);
const full = (raw: RawCustomer, words = "") =>
  words === "e-mail"
    ? raw.messages.email >= 2 || raw.messages.all >= 3
    : raw.messages.sms >= 1 || raw.messages.all >= 3;

const DAY = String.raw`(\d{1,2} \w{3} \d{4})`;
const RULES: [sentence: string, isTrue: (raw: RawCustomer, ...found: string[]) => boolean][] = [
  [
    `Expected to buy every (\\d+) days; last purchase on ${DAY}`,
    (raw, gap, day) => count(raw) > 1 && gapOf(raw) === Number(gap) && lastIs(raw, day),
  ],
  [
    `Expected to buy every (\\d+) days; last purchase on ${DAY}, so the next one was due by ${DAY}`,
    (raw, gap, day, due) => gapOf(raw) === Number(gap) && lastIs(raw, day) && dueIs(raw, due) && past(due),
  ],
  [
    `Bought on one day so far, ${DAY}; repeat buyers here usually come back within (\\d+) days`,
    (raw, day, gap) => count(raw) === 1 && lastIs(raw, day) && Number(gap) === gapOf(raw),
  ],
  [
    "Bought on (\\d+) days(?: and spent as much as the top fifth of frequent buyers)?",
    (raw, days) => count(raw) === Number(days),
  ],
  [`Came back on ${DAY} after a long silence`, (raw, day) => lastIs(raw, day) && count(raw) > 1],
  [`Due by ${DAY}`, (raw, day) => dueIs(raw, day)],
  [
    `([A-Z][\\w ]+) from ${DAY} without another purchase`,
    (raw, stage, day) => label(stage) && future(day) && (stageSince(raw, stage) ?? day) === day,
  ],
  [
    `([A-Z][\\w ]+) since ${DAY}`,
    (raw, stage, day) =>
      label(stage) &&
      past(day) &&
      (never(raw) || (stageSince(raw, stage) ?? day) === day || raw.subscriptions.length > 0),
  ],
  [
    `([A-Z][\\w ]+) since ${DAY}: last purchase on ${DAY}`,
    (raw, stage, since, day) => lastIs(raw, day) && (stageSince(raw, stage) === since || raw.subscriptions.length > 0),
  ],
  [`([A-Z][\\w ]+) from ${DAY} without activity`, (raw, stage, day) => label(stage) && never(raw) && future(day)],
  [
    `No purchase yet that was paid and kept; last active on ${DAY}`,
    (raw, day) => never(raw) && shownDay(raw.activityDays.at(-1) ?? TODAY) === day,
  ],
  [`No purchase yet that was paid and kept; ([\\w ]+) since ${DAY}`, (raw, _stage, day) => never(raw) && past(day)],
  [
    `No purchase yet that was paid and kept and no activity for more than 90 days; cold since ${DAY}`,
    (raw) => never(raw) && [raw.firstSeenDay, ...raw.activityDays].every((day) => plusDays(day, 90) < TODAY),
  ],
  [
    "No purchase yet that was paid and kept, and no subscription, so there is no rhythm to fall behind",
    (raw) => never(raw) && raw.subscriptions.length === 0,
  ],
  [
    `Has a running subscription since ${DAY}`,
    (raw, day) => hasSubscription(raw, ["active"], (one) => one.startedAt, day),
  ],
  [
    `The subscription of ${DAY} is unpaid or paused`,
    (raw, day) => hasSubscription(raw, ["past_due"], (one) => one.startedAt, day),
  ],
  ["The subscription is unpaid or paused", (raw) => raw.subscriptions.some(({ status }) => status === "past_due")],
  [
    `The subscription ended on ${DAY} and nothing was bought and kept since`,
    (raw, day) =>
      hasSubscription(raw, ["cancelled"], (one) => one.endedAt ?? one.startedAt, day) &&
      (never(raw) || Date.parse(lastOf(raw)) <= Date.parse(`${day} UTC`)),
  ],
  [
    "Marketing by ([\\w -]+) is permitted and the limit on messages leaves room",
    (raw, words) => saysYes(raw, words) && !saysNo(raw, words) && !full(raw, words),
  ],
  ['Not "[^"]+": marketing by ([\\w -]+) was refused', (raw, words) => saysNo(raw, words)],
  ['Not "[^"]+": no valid permission for marketing by ([\\w -]+) is on record', (raw, words) => !saysYes(raw, words)],
  ['Not "[^"]+": no usable address for text message', (raw) => raw.phones === 0],
  [
    `Not "[^"]+": enough messages were sent; ([\\w -]+) is possible again from ${DAY}`,
    (raw, words, day) => full(raw, words) && Date.parse(`${day} UTC`) >= Date.parse(TODAY),
  ],
  [
    '"([^"]+)" comes later in the playbook',
    (_raw, action) => Object.values<string>(TRAITS[3].values).includes(action ?? ""),
  ],
  [`Nothing is called for before ${DAY}, when the next purchase is due`, (raw, day) => dueIs(raw, day) && future(day)],
  ["Nothing else is called for|No other action is allowed", () => true],
];
/** The longest that fits: a general one would take a special one's sentences. */
const rules = RULES.toSorted(([a], [b]) => b.length - a.length).map(([sentence, isTrue]) => ({
  pattern: new RegExp(`^(?:${sentence})\\.$`),
  isTrue,
  used: 0,
}));

it("is true of every trait's reasons", () => {
  const wrong: string[] = [];
  for (const { view, raw } of customers) {
    for (const { name, reasons } of view.traits) {
      for (const reason of reasons) {
        const rule = rules.find(({ pattern }) => pattern.test(reason));
        if (rule === undefined) wrong.push(`unproved: ${reason}`);
        else {
          rule.used += 1;
          const [, ...found] = rule.pattern.exec(reason) ?? [];
          if (!rule.isTrue(raw, ...found)) wrong.push(`${name}: ${reason} ${JSON.stringify(raw)}`);
        }
      }
    }
  }
  expect(wrong).toEqual([]);
  // The shop is mixed enough for most sentences to have been said.
  expect(rules.filter(({ used }) => used > 0).length).toBeGreaterThanOrEqual(20);
});

it("is true of every consent's reason, down to whether its source gave a date", () => {
  const long = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "Europe/London" });
  const words: Record<string, string> = { withdrawn: "withdrawn", denied: "refused", pending: "asked" };
  let checked = 0;
  for (const { view, raw } of customers) {
    expect(view.consents).toHaveLength(raw.consents.length);
    for (const { channel, state, reason } of view.consents) {
      const entry = raw.consents.find((one) => one.channel === channel);
      if (entry === undefined) throw new Error("an answer to what nobody said");
      const over = entry.state === "pending" && isOver(entry);
      const stands = entry.state !== "granted" || !isImpossible(entry);
      expect(state).toBe(over ? "expired" : stands ? entry.state : "unknown");
      const dated = entry.at !== null && entry.at <= entry.recordedAt;
      const counted = `counted from ${long.format(entry.recordedAt)}`;
      const when = dated
        ? ` on ${long.format(entry.at ?? undefined)}`
        : entry.at === null
          ? `, date not given by the source, ${counted}`
          : `, dated ${long.format(entry.at)} by the source, which was in the future then, ${counted}`;
      const tail = over ? ", never confirmed" : state === "pending" ? ", not confirmed yet" : "";
      const said =
        state === "granted"
          ? `allowed - ${entry.explicit && dated ? "confirmed" : "recorded"}${when}`
          : entry.state === "granted"
            ? `not allowed - the yes cannot be dated${when}`
            : state === "unknown"
              ? "not allowed - no consent recorded"
              : `not allowed - ${words[entry.state] ?? entry.state}${when}${tail}`;
      expect(reason).toBe(`${said} (${entry.proof})`);
      checked += 1;
    }
  }
  expect(checked).toBeGreaterThan(PEOPLE);
});
