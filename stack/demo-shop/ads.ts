/** The shop's advertising: campaigns, who clicked, what it cost by day. */
import type { ClickSeed, FigureSeed, GoogleAdsSeed } from "#connectors/google-ads/twin/seed.ts";
import { ADS_ACCOUNT } from "./accounts.ts";
import { DAY_MS, personId, type Window } from "./person.ts";
import { randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import { idOf } from "./stripe.ts";

const TOPIC = { click: 50, held: 51, strangers: 52 };
const AD_GROUP = "5500000001";

/** Name, and what a click costs, millionths of a pound. */
export const CAMPAIGNS = [
  { id: "21000000001", name: "Brand", clickMicros: 240_000 },
  { id: "21000000002", name: "Loose leaf tea", clickMicros: 710_000 },
  { id: "21000000003", name: "House plants", clickMicros: 880_000 },
  { id: "21000000004", name: "Gift boxes", clickMicros: 1_350_000 },
] as const;

/** Whose click it was. One line of `truth/clicks.jsonl`. */
export interface TrueClick {
  gclid: string;
  /** Null: somebody who never became a customer. */
  person: string | null;
  /** Contacts that hold its id, and whose they are: of more than one nobody can tell which. */
  holders: { contact: string; person: string }[];
}

export interface AdsShare {
  clicks: ClickSeed[];
  truth: TrueClick[];
}

/** Clicks of one customer, and some by strangers. `contacts`: those in the CRM that show a click. */
export function adsShareOf(
  seed: number,
  index: number,
  contacts: readonly { person: string; id: string; gclid: string }[],
  rates: Rates,
  window: Window,
): AdsShare {
  const share: AdsShare = { clicks: [], truth: [] };
  const own = clickOf(seed, index, rates, window);
  if (own !== null) {
    share.clicks.push(own);
    const holders = contacts
      .filter(({ gclid }) => gclid === own.gclid)
      .map(({ id: contact, person: of }) => ({ contact, person: of }));
    share.truth.push({ gclid: own.gclid ?? "", person: personId(index), holders });
  }
  const random = randomOf(seed, TOPIC.strangers, index);
  for (let n = random.below(rates.strangersClicks + 1); n > 0; n--) {
    const click = clickBy(random, idOf("", seed, index, 700_000 + n), rates, window);
    share.clicks.push(click);
    share.truth.push({ gclid: click.gclid ?? "", person: null, holders: [] });
  }
  return share;
}

/** The id of a click that the person's contact holds: their own, or that of a housemate or colleague who passed a link on. */
export function clickHeldBy(seed: number, index: number, rates: Rates, window: Window): string | null {
  const random = randomOf(seed, TOPIC.held, index);
  const own = clickOf(seed, index, rates, window);
  if (own !== null) return random.chance(rates.adClickHeld) ? own.gclid : null;
  const before = index % 4 === 0 ? null : clickOf(seed, index - 1, rates, window);
  return before !== null && random.chance(rates.adClickShared) ? before.gclid : null;
}

function clickOf(seed: number, index: number, rates: Rates, window: Window): ClickSeed | null {
  const random = randomOf(seed, TOPIC.click, index);
  return random.chance(rates.adClick) ? clickBy(random, idOf("", seed, index, 700_000), rates, window) : null;
}

function clickBy(random: Random, key: string, { figureDays }: Rates, window: Window): ClickSeed {
  return {
    ...{ gclid: `Cj0KCQi-${key}_wcB`, account: ADS_ACCOUNT, campaign: random.pick(CAMPAIGNS).id, adGroup: AD_GROUP },
    day: dayOf(window.end - (1 + random.below(figureDays)) * DAY_MS),
  };
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** What the campaigns cost and brought: sums over all clicks, so that they need no memory of them. */
export function adsFigures() {
  const counts = new Map<string, { campaign: string; day: string; clicks: number }>();
  return {
    add(clicks: readonly ClickSeed[]): void {
      for (const { campaign, day } of clicks) {
        const key = `${campaign} ${day}`;
        const held = counts.get(key) ?? { campaign, day, clicks: 0 };
        counts.set(key, { ...held, clicks: held.clicks + 1 });
      }
    },
    figures: (): FigureSeed[] =>
      [...counts.values()].map(({ campaign, day, clicks }) => ({
        ...{ account: ADS_ACCOUNT, campaign, day, clicks, impressions: clicks * 23 + 11 },
        costMicros: clicks * (CAMPAIGNS.find(({ id }) => id === campaign)?.clickMicros ?? 0),
        ...{ conversions: Math.floor(clicks / 9), conversionsValue: Math.floor(clicks / 9) * 31.5 },
      })),
  };
}

export const adsAccount = (): GoogleAdsSeed => ({
  accounts: [
    {
      ...{ id: ADS_ACCOUNT, manager: null, name: "Fern & Kettle", currency: "GBP", timeZone: "Europe/London" },
      test: true,
    },
  ],
  campaigns: CAMPAIGNS.map(({ id, name }) => ({ id, account: ADS_ACCOUNT, name })),
  ...{ figures: [], clicks: [] },
});
