import type { Patience } from "#config.ts";
import type { RateLimiter } from "#connectors/core/call.ts";
import type { AudienceStore } from "#profile/store/audience.ts";
import type { ConnectionStore } from "#profile/store/connections.ts";
import type { ConsentLedger } from "#profile/store/consent/ledger-store.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { CredentialStore } from "#profile/store/credentials.ts";
import type { IdentityStore } from "#profile/store/identity/store.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { InstallationStore } from "#profile/store/installation.ts";
import type { HeldDeletions } from "#profile/store/ingest/held.ts";
import type { LateStreams } from "#profile/store/ingest/late.ts";
import type { IngestStore } from "#profile/store/ingest/store.ts";
import type { NewsStore } from "#profile/store/news.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import type { RhythmStore } from "#profile/store/rhythm.ts";
import type { RetentionStore } from "#profile/store/retention/store.ts";
import type { RunStore } from "#profile/store/runs.ts";
import type { ScoreStore } from "#profile/store/scores/store.ts";
import type { SignInAttempts } from "#profile/store/sign-in-attempts.ts";
import type { SensitiveFacts } from "#profile/store/sensitive-facts.ts";
import type { SetAsideStore } from "#profile/store/set-aside.ts";
import type { Logger } from "#logger.ts";
import type { AttentionFacts } from "#profile/store/views/attention.ts";
import type { AlertStore } from "#profile/store/alerts.ts";
import type { DueRecords } from "#profile/store/webhooks/due.ts";
import type { WebhookInbox } from "#profile/store/webhooks/inbox.ts";
import type { VendorCallStore } from "#profile/store/vendor-calls.ts";
import type { SignIns } from "./sign-ins/sign-ins.ts";
import type { GivingWay } from "./giving-way.ts";
import type { CallTimesKept } from "./telemetry/call-times.ts";
import type { Telemetry } from "./telemetry/telemetry.ts";

/** Everything an activity works with; handed in once, by the worker. */
export interface Dependencies {
  installation: InstallationStore;
  connections: ConnectionStore;
  credentials: CredentialStore;
  /** Access by sign-ins. */
  signIns: SignIns;
  /** Sign-ins under way. */
  signInAttempts: SignInAttempts;
  ingest: IngestStore;
  held: HeldDeletions;
  late: LateStreams;
  /** Webhooks that were taken, and what is to be read because of them. */
  inbox: WebhookInbox;
  due: DueRecords;
  identity: IdentityStore;
  consent: ConsentStore;
  /** The consent ledger itself, for whoever asks or adds to it by hand. */
  ledger: ConsentLedger;
  scores: ScoreStore;
  news: NewsStore;
  rhythm: RhythmStore;
  plans: PlanStore;
  audiences: AudienceStore;
  runs: RunStore;
  setAside: SetAsideStore;
  sensitive: SensitiveFacts;
  patience: Patience;
  retention: RetentionStore;
  /** The shared budget of one external account. */
  limiterFor(connector: string, account: string): RateLimiter;
  /** After large loads: what the planner knows of the tables is brought up to date. */
  refreshStatistics(): Promise<number>;
  /** Whether a refresh that release 0.1.0 began is still under way; only where that release left anything. */
  isRefreshingSinceEarlier?(workspaceId: WorkspaceId): Promise<boolean>;
  /** Milliseconds since the epoch. */
  now(): number;
  log: Logger;
  /** What is known here of runs, streams and plans that may need somebody. */
  attentionFacts(workspaceId: WorkspaceId): Promise<AttentionFacts>;
  /** What was told to whom. */
  alerts: AlertStore;
  telemetry: Telemetry;
  /** How long calls to tools took, for who looks without OpenTelemetry. */
  vendorCalls: VendorCallStore;
  callTimes: CallTimesKept;
  /** Who goes first among the workspaces at work in this process. */
  givingWay: GivingWay;
}
