import { USUAL_PATIENCE, type Config } from "#config.ts";
import type { RateLimiter } from "#connectors/core/call.ts";
import { clientOf } from "#connectors/core/oauth/sign-in.ts";
import type { Logger } from "#logger.ts";
import { createAudienceStore } from "#profile/store/audience.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentLedger } from "#profile/store/consent/ledger-store.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createCredentialStore } from "#profile/store/credentials.ts";
import { openDatabase } from "#profile/store/database.ts";
import type { Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { USUAL_BRAKE } from "#profile/store/ingest/full-read.ts";
import { createHeldDeletions } from "#profile/store/ingest/held.ts";
import { createLateStreams } from "#profile/store/ingest/late.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createInstallationStore } from "#profile/store/installation.ts";
import { createNewsStore } from "#profile/store/news.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { createQuota } from "#profile/store/quota.ts";
import { createRhythmStore } from "#profile/store/rhythm.ts";
import { createRetentionStore } from "#profile/store/retention/store.ts";
import { createRunStore } from "#profile/store/runs.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { createSensitiveFacts } from "#profile/store/sensitive-facts.ts";
import { createSetAsideStore } from "#profile/store/set-aside.ts";
import { createSignInAttempts } from "#profile/store/sign-in-attempts.ts";
import { createAlertStore } from "#profile/store/alerts.ts";
import { readAttentionFacts } from "#profile/store/views/attention.ts";
import { createDueRecords } from "#profile/store/webhooks/due.ts";
import { createWebhookInbox } from "#profile/store/webhooks/inbox.ts";
import { createVendorCallStore } from "#profile/store/vendor-calls.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import type { Dependencies } from "./dependencies.ts";
import { createGivingWay } from "./giving-way.ts";
import { createSignIns } from "./sign-ins/sign-ins.ts";
import { keepCallTimes } from "./telemetry/call-times.ts";
import { noTelemetry } from "./telemetry/telemetry.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** Binds every store to one pool. */
export function createDependencies(
  config: Pick<Config, "databaseUrl" | "masterKeys"> &
    Partial<Pick<Config, "missingShare" | "patience">> & { now?: () => number },
  log: Logger,
  telemetry: Telemetry = noTelemetry,
): { dependencies: Dependencies; database: Database; close(): Promise<void> } {
  const database = openDatabase(config.databaseUrl);
  const quota = createQuota(database);
  // Leases live in a limiter: one per account in this process.
  const limiters = new Map<string, RateLimiter>();
  const limiterFor = (connector: string, account: string): RateLimiter => {
    const key = `${connector}|${account}`;
    const limiter = limiters.get(key) ?? quota.limiterFor(connector, account);
    limiters.set(key, limiter);
    return limiter;
  };
  const vendorCalls = createVendorCallStore(database);
  const { now = Date.now } = config;
  const credentials = createCredentialStore(database, config.masterKeys);
  const dependencies: Dependencies = {
    installation: createInstallationStore(database),
    audiences: createAudienceStore(database),
    connections: createConnectionStore(database),
    credentials,
    signIns: createSignIns({
      ...{ credentials, now, telemetry },
      clientFor: (way, baseUrl) => clientOf(way, baseUrl, process.env),
    }),
    signInAttempts: createSignInAttempts(database),
    ingest: createIngestStore(
      database,
      { ...USUAL_BRAKE, ...(config.missingShare === undefined ? {} : { share: config.missingShare }) },
      config.masterKeys,
    ),
    held: createHeldDeletions(database),
    late: createLateStreams(database),
    inbox: createWebhookInbox(database),
    due: createDueRecords(database, config.masterKeys),
    identity: createIdentityStore(database),
    consent: createConsentStore(database),
    ledger: createConsentLedger(database),
    scores: createScoreStore(database),
    news: createNewsStore(database),
    rhythm: createRhythmStore(database),
    plans: createPlanStore(database),
    runs: createRunStore(database),
    setAside: createSetAsideStore(database),
    sensitive: createSensitiveFacts(database),
    patience: config.patience ?? USUAL_PATIENCE,
    retention: createRetentionStore(database),
    limiterFor,
    refreshStatistics: () => refreshStatistics(database),
    now,
    log,
    telemetry,
    alerts: createAlertStore(database),
    attentionFacts: (workspaceId) => readAttentionFacts(database, workspaceId),
    vendorCalls,
    givingWay: createGivingWay(),
    callTimes: keepCallTimes(vendorCalls, Date.now, log),
  };
  return { dependencies, database, close: () => database.close() };
}
