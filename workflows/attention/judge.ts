/** From what is known to what somebody should look at. Pure; a text is true, says what to do, and names nobody. */
import type { Connector } from "#connectors/core/contract.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { HeldStream } from "#profile/store/ingest/held.ts";
import type { AttentionFacts, PlanFacts, StreamFacts } from "#profile/store/views/attention.ts";
import type { PendingStep } from "./pending.ts";

export type ConditionKind =
  | "needs_reconnect"
  | "run_stuck"
  | "step_failing"
  | "stream_late"
  | "quota_exhausted"
  | "plan_failed"
  | "plan_stranded"
  | "stream_held"
  | "no_worker"
  | "no_engine";

export interface Condition {
  kind: ConditionKind;
  /** The id of what it is about: one condition at a time for each. */
  subject: string;
  says: string;
  todo: string;
}

/** Of Temporal, as far as it was asked. */
export interface EngineLook {
  /** Of the workflow ids that were looked at, those that somebody or a timer is at work on. */
  running: ReadonlySet<string>;
  looked: ReadonlySet<string>;
  pending: PendingStep[];
}

export interface Situation {
  /** Milliseconds since the epoch. */
  now: number;
  refreshMinutes: number;
  facts: AttentionFacts;
  connections: Connection[];
  held: HeldStream[];
  connectorOf(id: string): Connector;
  /** How workflows are named. */
  ids: {
    refresh: string;
    sync(connectionId: string, stream: string): string;
    planning(connectionId: string): string;
    plan(plan: PlanFacts): string[];
  };
  /** Null: Temporal does not answer, and nothing is said of what only it knows. */
  engine: EngineLook | null;
}

const MINUTE_MS = 60_000;
/** Without a word from any step for so long, a run that takes longer than usual is stuck. */
const SILENT_MS = 15 * MINUTE_MS;
const LONG_RUN_MS = 30 * MINUTE_MS;
const TIMES_AS_LONG = 3;
/** Between two steps of a plan nobody may be at it for a moment. */
const STRANDED_MS = 10 * MINUTE_MS;
const LATE_MS = 60 * MINUTE_MS;
const DAILY_MS = 30 * MINUTE_MS;
/** A failure now and then is what retries are for. */
const FAILING_ATTEMPTS = 3;
const FAILED_PLAN_MS = 7 * 24 * 60 * MINUTE_MS;

export function judge(situation: Situation): Condition[] {
  return [
    ...situation.connections.flatMap(refused),
    ...situation.held.map((stream) => heldCondition(stream, situation)),
    ...quotas(situation),
    ...stuck(situation),
    ...failingSteps(situation),
    ...situation.facts.streams.flatMap((stream) => late(stream, situation)),
    ...situation.facts.plans.flatMap((plan) => planCondition(plan, situation)),
  ];

  function refused({ connectionId, connector, name, status, statusReason }: Connection): Condition[] {
    if (status !== "needs_reconnect" && status !== "needs_permission") return [];
    const tool = `${situation.connectorOf(connector).title} "${name}"`;
    const fallback = status === "needs_reconnect" ? "its credentials were rejected" : "a permission is missing";
    const todo =
      status === "needs_reconnect"
        ? `give it new credentials: \`tributary reconnect ${connector}\``
        : "grant what is missing in the tool's own settings, then `tributary sync`";
    return [{ kind: "needs_reconnect", subject: connectionId, says: `${tool}: ${statusReason ?? fallback}`, todo }];
  }
}

function heldCondition({ connectionId, stream, reason }: HeldStream, situation: Situation): Condition {
  return {
    ...{ kind: "stream_held", subject: `${connectionId}/${stream}` },
    says: `${streamName(connectionId, stream, situation)}: ${reason}`,
    todo: "`tributary sync --accept-deletions` if they are really gone; else correct the key and `tributary sync`",
  };
}

/** Waits that only a daily limit asks for. One for each tool, however many of its steps wait. */
function quotas({ engine, now, connections, connectorOf, ids, facts }: Situation): Condition[] {
  return connections.flatMap(({ connectionId, connector, name }): Condition[] => {
    const mine = (step: PendingStep) =>
      step.workflowId.startsWith(ids.sync(connectionId, "")) ||
      step.workflowId === ids.planning(connectionId) ||
      facts.plans.some((plan) => plan.connectionId === connectionId && ids.plan(plan).includes(step.workflowId));
    const until = (engine?.pending ?? [])
      .filter((step) => isWaitingForQuota(step, now) && mine(step))
      .map(({ nextAttemptAt }) => nextAttemptAt?.getTime() ?? 0);
    if (until.length === 0) return [];
    return [
      {
        ...{ kind: "quota_exhausted", subject: connectionId },
        says: `${connectorOf(connector).title} "${name}": the account's quota is used up; work goes on at ${at(Math.min(...until))}`,
        todo: "nothing has to be done; if it happens daily, ask the vendor for more or refresh less often",
      },
    ];
  });
}

const isWaitingForQuota = ({ failureKind, nextAttemptAt }: PendingStep, now: number): boolean =>
  failureKind === "rate_limited" && nextAttemptAt !== null && nextAttemptAt.getTime() - now > DAILY_MS;

function stuck({ facts: { openRun, usualSeconds }, engine, now, ids }: Situation): Condition[] {
  if (openRun === null) return [];
  const [elapsed, silent] = [now - openRun.startedAt.getTime(), now - openRun.progressAt.getTime()];
  const kind = "run_stuck" as const;
  if (silent < SILENT_MS) return [];
  if (engine?.looked.has(ids.refresh) === true && !engine.running.has(ids.refresh))
    return [
      {
        ...{ kind, subject: openRun.runId },
        says: `the run of ${at(openRun.startedAt.getTime())} has not ended, and nobody is working on it`,
        todo: "`tributary sync` begins another, which goes on from where it stopped",
      },
    ];
  if (elapsed < Math.max(LONG_RUN_MS, TIMES_AS_LONG * 1_000 * (usualSeconds ?? 0))) return [];
  // That is told by itself, and says when it ends.
  if (engine?.pending.some((step) => isWaitingForQuota(step, now)) === true) return [];
  const usual = usualSeconds === null ? "" : `; it usually takes ${duration(1_000 * usualSeconds)}`;
  const failing = engine?.pending.find(({ attempt, says }) => attempt > 1 && says !== null);
  return [
    {
      ...{ kind, subject: openRun.runId },
      says: `the run of ${at(openRun.startedAt.getTime())} has been under way for ${duration(elapsed)} and silent for ${duration(silent)}${usual}${failing === undefined ? "" : `. ${stepWords(failing)}`}`,
      todo: "see the worker's log by this run id; `tributary doctor` names the step",
    },
  ];
}

function failingSteps({ engine, now }: Situation): Condition[] {
  return (engine?.pending ?? [])
    .filter((step) => step.attempt >= FAILING_ATTEMPTS && step.says !== null && !isWaitingForQuota(step, now))
    .map((step) => ({
      ...{ kind: "step_failing" as const, subject: `${step.workflowId}/${step.activity}` },
      says: stepWords(step),
      todo: "it is tried again by itself; if the reason stays, that is what to correct",
    }));
}

const stepWords = ({ activity, attempt, says, workflowId, nextAttemptAt }: PendingStep): string =>
  `The step ${activity} of ${workflowId} is at attempt ${attempt}${nextAttemptAt === null ? "" : `, due at ${at(nextAttemptAt.getTime())}`}; last failure: ${says ?? "none told"}`;

function late(stream: StreamFacts, situation: Situation): Condition[] {
  const { now, refreshMinutes, connections, connectorOf, facts } = situation;
  const connection = connections.find(({ connectionId }) => connectionId === stream.connectionId);
  if (connection === undefined || stream.heldAt !== null) return [];
  if (connection.status !== "ready" && connection.status !== "needs_permission") return [];
  // A file that was read to its end is never read again.
  if (connectorOf(connection.connector).isIdle(stream.stream, connection.settings, stream.cursor)) return [];
  const since = stream.lastSuccessAt ?? facts.connectedAt[stream.connectionId];
  const patience = Math.max(LATE_MS, TIMES_AS_LONG * refreshMinutes * MINUTE_MS);
  if (since === undefined) return [];
  // What was due every four hours until just now is not late by a quarter of an hour's measure.
  if (now - Math.max(since.getTime(), facts.rhythmSince.getTime()) < patience) return [];
  // A first read of years is long, not late: pages keep coming.
  if (stream.errorKind === null && now - stream.updatedAt.getTime() < SILENT_MS) return [];
  const read =
    stream.lastSuccessAt === null ? "has never been read to its end" : `was up to date last at ${at(since.getTime())}`;
  const why = stream.errorMessage === null ? "" : `: ${stream.errorMessage}`;
  return [
    {
      ...{ kind: "stream_late", subject: `${stream.connectionId}/${stream.stream}` },
      says: `${streamName(stream.connectionId, stream.stream, situation)} ${read}, though it is due every ${duration(refreshMinutes * MINUTE_MS)}${why}`,
      todo: "`tributary sync`; if it stays late, `tributary doctor` says what it waits for",
    },
  ];
}

function planCondition(plan: PlanFacts, situation: Situation): Condition[] {
  const { now, engine, ids } = situation;
  const age = now - plan.since.getTime();
  const tool = toolName(plan.connectionId, situation);
  const short = plan.planId.slice(0, 8);
  if (plan.status === "applied_with_failures" && age < FAILED_PLAN_MS && plan.failed > 0)
    return [
      {
        ...{ kind: "plan_failed", subject: plan.planId },
        says: `${tool}: ${plan.failed.toLocaleString("en")} ${plan.failed === 1 ? "record" : "records"} of plan ${short} could not be written`,
        todo: `\`tributary plan show ${short}\` gives the reasons, \`tributary plan retry ${short}\` sends those alone again`,
      },
    ];
  if (!["building", "approved", "applying"].includes(plan.status) || age < STRANDED_MS || engine === null) return [];
  const workers = plan.status === "building" ? [ids.planning(plan.connectionId), ids.refresh] : ids.plan(plan);
  if (workers.some((id) => !engine.looked.has(id) || engine.running.has(id))) return [];
  return [
    {
      ...{ kind: "plan_stranded", subject: plan.planId },
      says: `${tool}: plan ${short} has been ${plan.status} since ${at(plan.since.getTime())}, and nobody is working on it`,
      todo:
        plan.status === "building"
          ? "`tributary sync` makes it anew"
          : `\`tributary plan retry ${short}\` carries it on`,
    },
  ];
}

function toolName(connectionId: string, { connections, connectorOf }: Situation): string {
  const known = connections.find((connection) => connection.connectionId === connectionId);
  return known === undefined ? "A tool" : `${connectorOf(known.connector).title} "${known.name}"`;
}

const streamName = (connectionId: string, stream: string, situation: Situation): string =>
  `${toolName(connectionId, situation)} ${stream}`;

const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

function duration(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 1) return "less than a minute";
  if (minutes < 120) return `${minutes} ${minutes === 1 ? "minute" : "minutes"}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
