/** A connected file's way through the loop, and the result. */
import { writeRejectFile } from "#connectors/csv/reject-file.ts";
import { refSuffixesOf } from "#connectors/csv/settings.ts";
import type { CsvFile } from "#connectors/csv/settings.ts";
import { isKept } from "#connectors/csv/tally.ts";
import type { ConnectionId } from "#profile/ids.ts";
import type { Overview } from "#profile/store/views/read.ts";
import type { StoredReject } from "#profile/store/ingest/rejects.ts";
import type { Run } from "#profile/store/runs.ts";
import { connectedFiles, tallyOf, wasReadToItsEnd } from "../csv-files.ts";
import { describeStep } from "../run-steps.ts";
import { valueWords } from "../trait-words.ts";
import type { Context } from "./context.ts";
import { CommandFailure } from "./failure.ts";
import { count, heading, plural, table } from "./output.ts";
import { withProgress } from "./progress.ts";
import { runProgress } from "./run-progress.ts";

interface ConnectedFile {
  connectionId: ConnectionId;
  /** Of the connection. */
  name: string;
  file: CsvFile;
  rejectFile: string;
}

interface Imported {
  connectionId: ConnectionId;
  name: string;
  kind: string;
  /** Rows of the file below its header: `taken` + `collapsed` + `rejected`. */
  rows: number;
  taken: number;
  /** Rows that repeated what another row had said: the same person or event, or how a sale was paid. */
  collapsed: number;
  rejected: number;
  rejectsByReason: ReasonCount[];
  /** Of the rows taken, those that were kept without something. */
  keptByReason: ReasonCount[];
  /** Null when every row was understood. */
  rejectFile: string | null;
  seconds: number;
  run: Run | null;
  /** Of the whole business, afterwards. */
  overview: Overview;
  plansWaiting: number;
}

interface ReasonCount {
  reason: string;
  rows: number;
}

/** A refresh that was under way when the file was connected may have missed it; the one after it has not. */
const REFRESHES = 2;

/** @throws CommandFailure when the file could not be read, saying why */
export async function importFile(context: Context, connected: ConnectedFile): Promise<Imported> {
  const { stores, workspace } = context;
  const { workspaceId } = workspace;
  const { connectionId, name, file, rejectFile } = connected;
  const began = performance.now();
  const stateNow = () => stores.ingest.streamState(workspaceId, connectionId, file.kind);
  const engine = await context.engine();
  let summary = null;
  for (let turn = 0; turn < REFRESHES && !wasReadToItsEnd((await stateNow()).cursor, file); turn++) {
    summary = await withProgress(engine.refresh(workspaceId), runProgress(stores.runs, workspaceId));
  }
  // The schedule's refresh may have read it meanwhile: then only the rest of the loop is to be waited for.
  summary ??= await engine.refresh(workspaceId);
  const after = await stateNow();
  const tally = tallyOf(after.cursor, file);
  if (tally === null) {
    throw new CommandFailure(
      `"${file.name}" is connected as "${name}" but could not be read: ${after.errorMessage ?? "`tributary status` tells more."}`,
    );
  }
  const rejects = await rejectsOf(context, connected);
  if (rejects.length > 0) await writeRejects(rejectFile, rejects);
  const { kept = [], refused = [] } = Object.groupBy(rejects, (reject) => (isKept(reject) ? "kept" : "refused"));
  const runs = await stores.runs.lastRuns(workspaceId, 5);
  return {
    ...{ connectionId, name, kind: file.kind },
    ...{ rows: tally.rows, taken: tally.taken, collapsed: tally.collapsed, rejected: tally.refused },
    rejectsByReason: byReason(refused),
    keptByReason: byReason(kept),
    rejectFile: rejects.length > 0 ? rejectFile : null,
    seconds: (performance.now() - began) / 1_000,
    run: runs.find(({ runId }) => runId === summary.runId) ?? null,
    overview: await stores.reader.overview(workspaceId),
    plansWaiting: summary.plansWaiting,
  };
}

function byReason(rejects: readonly StoredReject[]): ReasonCount[] {
  return [...Map.groupBy(rejects, ({ reason }) => reason)]
    .map(([reason, rows]) => ({ reason, rows: rows.length }))
    .toSorted((a, b) => b.rows - a.rows);
}

/** In the order of the file. With several files in a connection a reference names its own, with one it needs not. */
async function rejectsOf(
  { stores, workspace: { workspaceId } }: Context,
  { connectionId, name, file }: ConnectedFile,
): Promise<StoredReject[]> {
  const suffixes = refSuffixesOf(await connectedFiles(stores.connections, workspaceId, name), file);
  const ours: StoredReject[] = [];
  for await (const reject of stores.ingest.rejects(workspaceId, connectionId, file.kind)) {
    const [, line, rest] = /^(line \d+)(.*)$/s.exec(reject.ref) ?? [];
    if (line !== undefined && rest !== undefined && suffixes.includes(rest)) ours.push({ ...reject, ref: line });
  }
  return ours.toSorted((a, b) => lineOf(a) - lineOf(b));
}

const lineOf = ({ ref }: StoredReject): number => Number(ref.replace(/\D/g, ""));

async function writeRejects(path: string, rejects: StoredReject[]): Promise<void> {
  try {
    await writeRejectFile(path, rejects);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new CommandFailure(
      `The file was imported, but ${plural(rejects.length, "row")} that ${rejects.length === 1 ? "was" : "were"} not understood could not be written to ${path} (${String(error.code)}). Import it again with --rejects FILE to get them.`,
    );
  }
}

export function renderImport(done: Imported): string {
  const { overview } = done;
  const stages = overview.traits.filter(({ name }) => name === "lifecycle_stage");
  const reasons = (counted: ReasonCount[]) =>
    table(
      ["reason", "rows"],
      counted.slice(0, 20).map(({ reason, rows }) => [reason, rows]),
    );
  return [
    `${plural(done.rows, "row")} read into "${done.name}" (${done.kind}) in ${done.seconds.toFixed(1)} s: ` +
      `${count(done.taken)} taken + ${count(done.collapsed)} collapsed into another row's record + ${count(done.rejected)} refused`,
    ...(done.rejected === 0 ? [] : [heading("Refused"), reasons(done.rejectsByReason)]),
    ...(done.keptByReason.length === 0 ? [] : [heading("Taken, but"), reasons(done.keptByReason)]),
    ...(done.rejectFile === null ? [] : [`Each of these rows with its line and reason: ${done.rejectFile}`]),
    ...(done.rejected === 0 && done.keptByReason.length === 0 ? ["Every row was understood."] : []),
    heading("What the run did"),
    table(
      ["step", "seconds", "per second", "did"],
      (done.run?.steps ?? [])
        .map(describeStep)
        .map(({ step, did, seconds, perSecond }) => [step, seconds?.toFixed(1) ?? null, perSecond, did]),
    ),
    heading("Customers now"),
    `${count(overview.profiles)} customers, ${plural(overview.orders, "order")}`,
    table(
      ["lifecycle stage", "customers"],
      stages.map(({ value, profiles }) => [valueWords("lifecycle_stage", value) ?? "(no answer)", profiles]),
    ),
    ...(done.plansWaiting > 0
      ? [`\n${plural(done.plansWaiting, "plan is waiting", "plans are waiting")} for approval: tributary plan list`]
      : []),
  ].join("\n");
}
