/**
 * Every bad manner that a twin has a switch for, and how it is switched on for a full loop. The types hold this to the twins: a
 * switch that is not here does not compile.
 */
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Ga4Faults } from "#connectors/ga4/twin/account.ts";
import type { GoogleAdsFaults } from "#connectors/google-ads/twin/account.ts";
import type { HubspotFaults } from "#connectors/hubspot/twin/account.ts";
import type { KlaviyoFaults } from "#connectors/klaviyo/twin/account.ts";
import type { StripeFaults } from "#connectors/stripe/twin/account.ts";
import type { ToolName } from "#stack/demo-shop/tools.ts";

/** What a manner is aimed at. */
export interface Aim {
  /** A few of the tool's records that are written to; empty where none are. */
  records: string[];
  /** A permission that reading needs. */
  permission: string;
  now: number;
}

export interface Manner<F extends Faults = Faults> {
  /** While everything is read and written for the first time, or while records change and that is read. */
  while: "first" | "changes";
  set(faults: F, aim: Aim): void;
}

/** What only this tool's twin has. */
type Own<F extends Faults> = Record<Exclude<keyof F, keyof Faults>, Manner<F>>;

const first = <F extends Faults>(set: Manner<F>["set"]): Manner<F> => ({ while: "first", set });
const changes = <F extends Faults>(set: Manner<F>["set"]): Manner<F> => ({ while: "changes", set });

/** Lets so many calls be answered before it stops. */
function until(faults: Faults, calls: number, stop: () => void): void {
  let left = calls;
  faults.afterAnswer = () => {
    left -= 1;
    if (left === 0) stop();
  };
}

/** Of `afterAnswer` there is none: it is how changes come in between two pages. */
const COMMON: Record<Exclude<keyof Faults, "afterAnswer">, Manner> = {
  delayMs: first((faults) => (faults.delayMs = 15)),
  throttle: first((faults) => (faults.throttle = { count: 3, retryAfterSeconds: 1 })),
  breakServer: first((faults) => (faults.breakServer = { count: 1 })),
  htmlError: first((faults) => (faults.htmlError = { count: 1, status: 502 })),
  redirect: first((faults) => (faults.redirect = { count: 1, to: "http://127.0.0.1:9" })),
  dropReply: first((faults) => (faults.dropReply = 2)),
  revoked: first((faults) => (faults.revoked = true)),
  denied: first((faults, { permission }) => faults.denied.add(permission)),
  shortPage: first((faults) => (faults.shortPage = 7)),
  emptyPageWithMore: first((faults) => (faults.emptyPageWithMore = 2)),
  stuckCursor: first((faults) => Object.assign(faults, { shortPage: 7, stuckCursor: true })),
  badRow: first((faults) => (faults.badRow = 2)),
  stub: first((faults) => (faults.stub = 2)),
  otherMode: first((faults) => (faults.otherMode = 1)),
  misplacedRow: changes((faults) => (faults.misplacedRow = true)),
  partial207: first((faults) => (faults.partial207 = 2)),
  entryError: first((faults, { records }) => (faults.entryError = new Set(records))),
  silentNoOp: first((faults, { records }) => (faults.silentNoOp = new Set(records))),
  lag: changes((faults) => (faults.lag = 2_000)),
  frozenTimestamp: changes((faults, { now }) => (faults.frozenTimestamp = now)),
};

const HUBSPOT: Own<HubspotFaults> = {
  searchCap: first((faults) => (faults.searchCap = 20)),
  silentProperties: first((faults) => (faults.silentProperties = new Set(["tributary_lifecycle_stage"]))),
  poisonIds: first((faults, { records }) => (faults.poisonIds = new Set(records))),
  wholeBatch404: first((faults) => (faults.wholeBatch404 = true)),
};

const KLAVIYO: Own<KlaviyoFaults> = {
  // It goes on when somebody has looked for a while.
  jobStatus: first((faults) => {
    faults.jobStatus = "processing";
    let looks = 0;
    faults.afterAnswer = (operation) => {
      if (operation.includes("import-jobs/:id")) looks += 1;
      if (looks === 3) faults.jobStatus = null;
    };
  }),
  cursorsExpired: first((faults) => {
    faults.cursorsExpired = true;
    until(faults, 8, () => (faults.cursorsExpired = false));
  }),
};

const STRIPE: Own<StripeFaults> = {
  lockTimeoutNext: first((faults) => (faults.lockTimeoutNext = 3)),
  failAfterWriteNext: first((faults) => (faults.failAfterWriteNext = 3)),
  failAndKeepNext: first((faults) => (faults.failAndKeepNext = 3)),
  eventsTwice: changes((faults) => (faults.eventsTwice = true)),
  leftOut: first((faults, { records }) => (faults.leftOut = new Set(records))),
  turnedPages: first((faults) => Object.assign(faults, { shortPage: 7, turnedPages: true })),
  eventApiVersion: changes((faults) => (faults.eventApiVersion = "2019-05-16")),
};

const GA4: Own<Ga4Faults> = {
  thresholdUsers: first((faults) => (faults.thresholdUsers = 3)),
  otherRowsFrom: first((faults) => (faults.otherRowsFrom = 2)),
  sampled: first((faults) => (faults.sampled = true)),
  truncated: first((faults) => (faults.truncated = true)),
  revenueHidden: first((faults) => (faults.revenueHidden = true)),
  emptyReason: first((faults) => (faults.emptyReason = "THRESHOLDED")),
  failExports: first((faults) => (faults.failExports = 1)),
  movesBetweenPages: first((faults) => Object.assign(faults, { shortPage: 2, movesBetweenPages: 0 })),
};

const GOOGLE_ADS: Own<GoogleAdsFaults> = {
  testAccessOnly: first((faults) => (faults.testAccessOnly = true)),
  jobTakesMs: first((faults) => (faults.jobTakesMs = 4_000)),
  jobEnds: first((faults) => (faults.jobEnds = "FAILED")),
  forgetPages: first((faults) => Object.assign(faults, { shortPage: 7, forgetPages: true })),
};

const OWN: Record<ToolName, Record<string, Manner<never>>> = {
  ...{ hubspot: HUBSPOT, klaviyo: KLAVIYO, stripe: STRIPE, ga4: GA4, "google-ads": GOOGLE_ADS },
};

export const PERMISSIONS: Record<ToolName, string> = {
  hubspot: "crm.objects.contacts.read",
  klaviyo: "events:read",
  stripe: "rak_charge_read",
  ga4: "analytics.readonly",
  "google-ads": "https://www.googleapis.com/auth/adwords",
};

/** Of a tool, by the name of its switch; those that all twins have first. */
export function mannersOf(tool: ToolName): [name: string, manner: Manner][] {
  // Each is only ever set on the twin whose table it stands in.
  return [...Object.entries(COMMON), ...(Object.entries(OWN[tool]) as [string, Manner][])];
}
