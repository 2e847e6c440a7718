import type { Client } from "@temporalio/client";
import type { Command } from "commander";
import type { PlanStatus } from "#profile/plan/types.ts";
import type { LateStream } from "#profile/store/ingest/late.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { FigureDays } from "#profile/store/views/figures.ts";
import type { Run } from "#profile/store/runs.ts";
import type { RejectReason } from "#profile/store/views/health.ts";
import type { Engine } from "#workflows/client.ts";
import type { Overview, StreamRow } from "#profile/store/views/read.ts";
import { findConditions } from "#workflows/attention/find.ts";
import type { Condition } from "#workflows/attention/judge.ts";
import { dayNotes } from "../../figure-words.ts";
import { besideReality } from "../../forecast-words.ts";
import { describeOutcome } from "../../run-steps.ts";
import { describeStream } from "../../stream-state.ts";
import { valueWords } from "../../trait-words.ts";
import { attentionTitle } from "../../attention.ts";
import { webhooksOf } from "../../webhooks.ts";
import { rhythmWords } from "../../rhythm-words.ts";
import { callsByTool, callTable } from "../calls.ts";
import { scheduleOf, withTemporal } from "../engine.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { openEngine } from "../engine.ts";
import { arrivalLine, publicUrlOf } from "./webhooks.ts";
import { heldUpPlans } from "../held-up-plans.ts";
import type { HeldUp } from "../held-up-plans.ts";
import { heading, moments, plural, print, table, when, zone } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const DAY_MS = 86_400_000;

export function statusCommand(program: Command): void {
  program
    .command("status")
    .description(
      "what is connected, how complete and fresh each stream is, what was made of it, what is waiting for you",
    )
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async (context) => {
        const { config, workspace, stores } = context;
        const { workspaceId } = workspace;
        const [overview, streams, [run], plans, rejects, held, late, idle, figures, rhythm] = await Promise.all([
          stores.reader.overview(workspaceId),
          stores.reader.streams(workspaceId),
          stores.runs.lastRuns(workspaceId, 1),
          stores.plans.list(workspaceId, 50),
          stores.rejectReasons(),
          stores.held.list(workspaceId),
          stores.late.list(workspaceId),
          stores.news.idleRefreshes(workspaceId),
          stores.figures.days(workspaceId),
          stores.rhythm.read(workspaceId),
        ]);
        const { attention, next } = await withTemporal(config.temporal, config.masterKeys, async (open) => ({
          attention: await findConditions(stores, open, workspace),
          next: await nextRefresh(context, open),
        }));
        const calls = callsByTool(await stores.vendorCalls.since(workspaceId, new Date(Date.now() - DAY_MS)));
        const webhooks = await webhooksOf(stores, workspaceId, publicUrlOf(config));
        const waiting = plans.filter((plan) => plan.status === "waiting");
        const heldUp = await plansHeldUp(context);
        const answer = {
          workspace: workspace.slug,
          overview,
          rejects,
          streams,
          figures,
          held,
          late,
          lastRun: run ?? null,
          idle,
          refreshed: { ...rhythm, next },
          waiting,
          attention,
          calls,
          webhooks,
          heldUpPlans: heldUp,
        };
        const forYou = [
          ...held.map(
            ({ connector, connectionName, stream, reason }) => `${connector}/${connectionName}/${stream}: ${reason}`,
          ),
          ...(heldUp ?? []).map(({ connector, says, todo }) => `A plan for ${connector}: ${says}. ${todo}`),
          ...(heldUp === null
            ? ["A plan is being written; Temporal could not be asked how it gets on: `tributary doctor`"]
            : []),
          ...waiting.map(
            ({ planId, changes, connector }) =>
              `${plural(changes, "record")} to change in ${connector}: tributary plan show ${planId}`,
          ),
        ];
        print(options, answer, () =>
          [
            `${workspace.name} (${workspace.slug}), last run ${when(run?.startedAt ?? null)}${run === undefined ? "" : `: ${describeOutcome(run)}`}`,
            ...(idle === null
              ? []
              : [
                  `Looked for news ${plural(idle.refreshes, "time")} since, the last time ${when(idle.lastAt)}: nothing was new.`,
                ]),
            `Refreshed ${rhythmWords(rhythm, when)}${next === null ? "" : `; next ${when(next)}`}.`,
            heading("Streams"),
            streams.length === 0 ? "Nothing has been read yet: `tributary sync`." : streamTable(streams),
            ...(figures.length === 0 ? [] : [heading("Figures by day"), figureTable(figures)]),
            ...underWay(late, plans),
            ...(webhooks.length === 0 ? [] : [heading("Webhooks"), webhooks.map(arrivalLine).join("\n")]),
            ...forecastTable(run),
            ...(calls.length === 0 ? [] : [heading("Calls to tools in the last 24 hours"), callTable(calls)]),
            heading("Customers"),
            customers(overview),
            ...rejectTable(overview, rejects),
            heading("Consent"),
            consentTable(overview),
            heading("Scores"),
            overview.traits.length === 0 ? "Nothing is scored yet: `tributary sync`." : traitTable(overview),
            ...attentionLines(attention),
            heading("Waiting for you"),
            forYou.length === 0 ? "Nothing." : forYou.join("\n"),
          ].join("\n"),
        );
      }),
    );
}

/** Null: Temporal does not answer, or has no schedule for it yet. */
async function nextRefresh({ stores, workspace }: Context, open: () => Promise<Client | null>): Promise<Date | null> {
  const client = await open();
  const found = client === null ? null : await scheduleOf(client, stores, workspace.workspaceId).catch(() => null);
  return found?.next ?? null;
}

/** Held streams wait for an answer, and are told there. */
function attentionLines(attention: Condition[]): string[] {
  const told = attention.filter(({ kind }) => kind !== "stream_held");
  if (told.length === 0) return [];
  const lines = told.flatMap(({ kind, says, todo }) => [`${attentionTitle(kind)}: ${says}`, `  → ${todo}`]);
  return [heading("Needs attention"), ...lines];
}

/** Null: plans are under way, and Temporal could not be asked about them. */
async function plansHeldUp({ config, stores, workspace }: Context): Promise<HeldUp[] | null> {
  let engine: Engine | undefined;
  try {
    return await heldUpPlans(stores.plans, workspace.workspaceId, async () => {
      const { installationId } = await stores.installation.get();
      engine = await openEngine(config.temporal, config.masterKeys, installationId);
      return engine;
    });
  } catch {
    // This command shows what the database holds; what keeps Temporal from answering is told by `tributary doctor`.
    return null;
  } finally {
    await engine?.close();
  }
}

function streamTable(streams: StreamRow[]): string {
  return table(
    ["tool", "name", "stream", "state", "rows read", "at the vendor", "here", `up to date (${zone()})`],
    streams.map((stream) => [
      stream.connector,
      stream.connectionName,
      stream.stream,
      // The whole question stands at the end.
      stream.errorKind === "held" ? "paused: waiting for you" : describeStream(stream).words,
      stream.recordsRead,
      stream.vendorCount,
      stream.storedCount,
      moments(stream.lastSuccessAt),
    ]),
  );
}

function figureTable(figures: FigureDays[]): string {
  return table(
    ["tool", "name", "stream", "account", "from", "to", "days", "to be known"],
    figures.map((one) => [
      one.connector,
      one.connectionName,
      one.stream,
      one.account,
      one.first,
      one.last,
      one.days,
      dayNotes(one),
    ]),
  );
}

/** What was foretold of the last run's calls, beside what it took. */
function forecastTable(run: Run | undefined): string[] {
  const beside = besideReality(run?.steps ?? []);
  if (beside.length === 0) return [];
  const rows = beside.map(({ step, forecast, took }) => [step, forecast, took ?? "under way"]);
  return [heading("Forecast and reality of the last run"), table(["step", "forecast", "took"], rows)];
}

const AT_WORK: Partial<Record<PlanStatus, string>> = {
  building: "values compared since",
  approved: "written to since",
  applying: "written to since",
};

/** What runs do not wait for any longer, or have just begun. */
function underWay(late: LateStream[], plans: PlanSummary[]): string[] {
  const tools = plans.flatMap(({ connector, connection, status, approvedAt, createdAt }) => {
    const words = AT_WORK[status];
    return words === undefined ? [] : [`${connector}/${connection}: ${words} ${when(approvedAt ?? createdAt)}`];
  });
  const streams = late.map(
    ({ connector, connectionName, stream, lateSince }) =>
      `${connector}/${connectionName}/${stream}: late since ${when(lateSince)}; runs go on without it, and what it brings joins the next one`,
  );
  return tools.length + streams.length === 0 ? [] : [heading("Under way"), [...streams, ...tools].join("\n")];
}

function customers({ profiles, duplicates, personRecords, orders }: Overview): string {
  const members = profiles + duplicates;
  const gone = members - personRecords;
  return [
    `${plural(profiles, "customer")} from ${plural(members, "record")}: ${plural(duplicates, "duplicate")} resolved`,
    ...(gone > 0 ? [`${plural(gone, "record is", "records are")} deleted in the tool`] : []),
    plural(orders, "order"),
  ].join("\n");
}

function rejectTable({ openRejects, remarks }: Overview, rejects: RejectReason[]): string[] {
  const reasons = (kept: boolean) =>
    table(
      ["tool", "name", "stream", "rows", "reason"],
      rejects
        .filter((one) => one.kept === kept)
        .map(({ connector, connection, stream, reason, rows }) => [connector, connection, stream, rows, reason]),
    );
  return [
    ...(openRejects === 0
      ? ["Every row was understood."]
      : [heading(`${plural(openRejects, "row")} could not be taken; each is kept with its reason`), reasons(false)]),
    ...(remarks === 0 ? [] : [heading(`${plural(remarks, "remark")} on rows that were taken`), reasons(true)]),
  ];
}

/** One line per purpose and channel; customers of whom nothing is known are in none, and may not be written to. */
function consentTable({ consents }: Overview): string {
  if (consents.length === 0) return "No consent is on record: marketing by e-mail or text message is not allowed.";
  const states = ["granted", "denied", "withdrawn", "unknown"];
  const groups = Map.groupBy(consents, ({ purpose, channel }) => `${purpose} by ${channel}`);
  return table(
    ["what for", ...states],
    [...groups].map(([name, rows]) => [
      name.replace(/ by any$/, ""),
      ...states.map((state) => rows.find((row) => row.state === state)?.profiles ?? 0),
    ]),
  );
}

function traitTable({ traits }: Overview): string {
  // The band tells the same with a value.
  const worded = traits.filter(({ name }) => name !== "churn_risk");
  return table(
    ["trait", "value", "in words", "customers", "share"],
    worded.map(({ name, value, profiles }) => {
      const all = worded.reduce((sum, row) => (row.name === name ? sum + row.profiles : sum), 0);
      const share = `${((100 * profiles) / all).toFixed(1).padStart(5)} %`;
      return [
        name,
        value ?? "(no answer)",
        value === null ? "too little is known" : valueWords(name, value),
        profiles,
        share,
      ];
    }),
  );
}
