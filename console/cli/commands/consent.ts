import { createReadStream, createWriteStream } from "node:fs";
import { basename, resolve } from "node:path";
import type { Command } from "commander";
import { stringify } from "csv-stringify/sync";
import { neutralised } from "#connectors/csv/formulas.ts";
import type { Use } from "#connectors/core/grant.ts";
import type { Explained } from "#profile/consent/decide.ts";
import type { ProfileId } from "#profile/ids.ts";
import type { DriftRow } from "#profile/store/consent/drift.ts";
import type { OptOut, OptOutCursor } from "#profile/store/consent/opt-outs.ts";
import type { ConsentPolicy } from "#profile/store/workspace-settings.ts";
import { readOptOuts, writeOptOuts } from "../../opt-out-list.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { note, plural, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const PORTION = 1_000;

/** What people ask about first. */
const QUESTIONS: readonly Use[] = [
  { purpose: "marketing", channel: "email" },
  { purpose: "marketing", channel: "sms" },
  { purpose: "marketing", channel: "call" },
  { purpose: "marketing", channel: "post" },
  { purpose: "ad_audience", channel: "ads" },
  { purpose: "sale_or_share", channel: "any" },
  { purpose: "personalisation", channel: "any" },
  { purpose: "open_tracking", channel: "email" },
  { purpose: "research", channel: "any" },
];

export function consentCommand(program: Command): void {
  const consent = program
    .command("consent")
    .description("who may be written to and why; opt-outs in and out; where tools disagree; what the law asks");
  consent
    .command("show")
    .argument("<email|id>", "as for `tributary profile`")
    .description("what may be done with one person, each answer with its reason")
    .option("--json", "print JSON")
    .action((query: string, options: OutputOptions) => withContext((context) => show(context, query, options)));
  consent
    .command("import")
    .argument(
      "<file>",
      "CSV with a column address, email or phone; channel, purpose, since, cause and reply are read too",
    )
    .description("opt-outs of another system: everybody in the file wants no messages, from now on or since its date")
    .option("--json", "print JSON")
    .action((file: string, options: OutputOptions) => withContext((context) => importList(context, file, options)));
  consent
    .command("export")
    .argument("[file]", "where to; standard output when left out")
    .description("opt-outs as CSV, for any tool: people's and addresses' that nobody holds any more")
    .action((file: string | undefined) => withContext((context) => exportList(context, file)));
  consent
    .command("drift")
    .description("people of whom one tool says yes and another does not: who is stricter, and since when")
    .option("--csv <file>", "write them all there")
    .option("--json", "print JSON")
    .action((options: OutputOptions & { csv?: string }) => withContext((context) => drift(context, options)));
  consent
    .command("release")
    .argument("<address>", "a suppressed one")
    .description(
      "takes an address off the list of those that nothing is sent to, where it bounced or was suppressed by mistake",
    )
    .action((address: string) => withContext((context) => release(context, address)));
  consent
    .command("law")
    .description("what the law is taken to ask; shows it, or changes it")
    .option(
      "--opt-out-rules <on|off>",
      "use the opt-out rules of countries that have them: the notice they ask for was given",
    )
    .option("--strict-proof <on|off>", "where the law expects a consent that can be proved, nothing less counts")
    .option("--inactivity <months|never>", "a yes of somebody nobody heard of for so long has ended")
    .option("--json", "print JSON")
    .action((options: OutputOptions & LawOptions) => withContext((context) => law(context, options)));
}

async function show({ stores, workspace: { workspaceId } }: Context, query: string, options: OutputOptions) {
  const profileId = await stores.identity.findProfile(workspaceId, query);
  if (profileId === undefined)
    throw new CommandFailure(
      `No customer has "${query}". Try an e-mail address, a phone number with its country code, or an id as a tool shows it.`,
      3,
    );
  const at = new Date(stores.now()).toISOString();
  const address = query.includes("@") ? { address: query } : {};
  const answers: (Use & Explained)[] = [];
  for (const use of QUESTIONS) {
    const asked = { ...use, profileId, ...(use.channel === "email" ? address : {}) };
    answers.push({ ...use, ...(await stores.ledger.allowed(workspaceId, asked, at)) });
  }
  print(options, answers, () => answers.map(({ sentence }) => sentence).join("\n"));
}

async function importList(
  { stores, workspace: { workspaceId, timeZone } }: Context,
  file: string,
  options: OutputOptions,
) {
  const path = resolve(file);
  const counts = { entered: 0, known: 0, refused: 0 };
  const reasons: string[] = [];
  const refuse = (line: number | null, reason: string) => {
    counts.refused += 1;
    if (reasons.length < 20) reasons.push(line === null ? reason : `line ${line}: ${reason}`);
  };
  try {
    for await (const page of readOptOuts(createReadStream(path), { name: basename(path), timeZone })) {
      const { entered, unreadable } = await stores.ledger.enter(workspaceId, page.statements, actor());
      counts.entered += entered;
      counts.known += page.statements.length - entered - unreadable.length;
      for (const _ of unreadable) refuse(null, "an address that nobody can read");
      for (const { line, reason } of page.refused) refuse(line, reason);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw new CommandFailure(`There is no file ${path}.`, 3);
    if (error instanceof Error && error.message.startsWith("No column"))
      throw new CommandFailure(`${basename(path)}: ${error.message}`, 2);
    throw error;
  }
  print(
    options,
    { ...counts, reasons },
    () =>
      `${plural(counts.entered, "opt-out")} entered, ${counts.known} known already, ${counts.refused} not taken. They count at once.`,
  );
  if (reasons.length > 0) note(`Not taken:\n${reasons.map((reason) => `  ${reason}`).join("\n")}`);
}

async function exportList({ stores, workspace: { workspaceId } }: Context, file: string | undefined) {
  async function* pages(): AsyncGenerator<readonly OptOut[]> {
    for (let after: OptOutCursor | null = { people: null }; after !== null;) {
      const { optOuts, next } = await stores.ledger.optOuts(workspaceId, { after, limit: PORTION });
      yield optOuts;
      after = next;
    }
  }
  const out = file === undefined ? process.stdout : createWriteStream(resolve(file), { mode: 0o600 });
  const written = await writeOptOuts(pages(), out);
  if (file !== undefined) note(`${plural(written, "opt-out")} in ${resolve(file)}`);
}

const DRIFT_COLUMNS = [
  ...["profile_id", "channel", "purpose", "stricter", "stricter_state", "stricter_since"],
  ...["looser", "looser_state", "looser_since", "counts_here"],
];
/** `--csv` has them all. */
const SHOWN = 50;

async function drift({ stores, workspace: { workspaceId } }: Context, options: OutputOptions & { csv?: string }) {
  const at = new Date(stores.now()).toISOString();
  const names = new Map(
    (await stores.connections.listConnections(workspaceId)).map(({ connectionId, name }) => [
      connectionId as string,
      name,
    ]),
  );
  const found: DriftRow[] = [];
  for (let after: ProfileId | null = null, more = true; more;) {
    const page = await stores.ledger.drift(workspaceId, { after, limit: PORTION, at });
    found.push(...page.rows);
    after = page.next;
    more = after !== null;
  }
  const cells = found.map(({ profileId, channel, purpose, stricter, looser, here }) => [
    ...[profileId, channel, purpose, names.get(stricter.connectionId) ?? stricter.connectionId, stricter.state],
    ...[
      stricter.since ?? "",
      names.get(looser.connectionId) ?? looser.connectionId,
      looser.state,
      looser.since ?? "",
      here,
    ],
  ]);
  if (options.csv !== undefined) {
    const out = createWriteStream(resolve(options.csv), { mode: 0o600 });
    out.end(stringify([DRIFT_COLUMNS, ...cells.map((row) => row.map(neutralised))]));
    await new Promise<void>((done, failed) => out.on("finish", done).on("error", failed));
  }
  print(options, found, () =>
    found.length === 0
      ? "All tools agree on everybody."
      : `${table(DRIFT_COLUMNS, cells.slice(0, SHOWN))}\n${plural(found.length, "disagreement")}${found.length > SHOWN ? ": --csv FILE has all" : ""}. What is stricter counts here unless the person said yes anew.`,
  );
}

async function release({ stores, workspace: { workspaceId } }: Context, address: string) {
  const effectiveAt = new Date(stores.now()).toISOString();
  const channels = address.includes("@") ? (["email", "any"] as const) : (["sms", "call", "any"] as const);
  const statements = channels.map(
    (channel) =>
      ({
        address,
        channel,
        purpose: "any",
        state: "denied",
        effectiveAt,
        cause: "released",
        proof: "By hand",
      }) as const,
  );
  const { unreadable } = await stores.ledger.enter(workspaceId, statements, actor());
  if (unreadable.length > 0) throw new CommandFailure(`"${address}" is no address that could be read.`, 2);
  note("The address is no longer suppressed. What its holder said still counts.");
}

interface LawOptions {
  optOutRules?: string;
  strictProof?: string;
  inactivity?: string;
}

async function law({ stores, workspace: { workspaceId } }: Context, options: OutputOptions & LawOptions) {
  const change: Partial<ConsentPolicy> = {
    ...(options.optOutRules === undefined ? {} : { optOutRules: onOff(options.optOutRules, "--opt-out-rules") }),
    ...(options.strictProof === undefined ? {} : { strictProof: onOff(options.strictProof, "--strict-proof") }),
    ...(options.inactivity === undefined ? {} : { inactivityMonths: monthsOf(options.inactivity) }),
  };
  const policy =
    Object.keys(change).length === 0
      ? await stores.ledger.policy(workspaceId)
      : await stores.ledger.setPolicy(workspaceId, change, actor());
  const { optOutRules, strictProof, inactivityMonths } = policy;
  print(options, { optOutRules, strictProof, inactivityMonths }, () =>
    [
      optOutRules
        ? "Opt-out rules of countries that have them are used: somebody there may be e-mailed until they object."
        : "Everybody is asked for a yes, wherever they live.",
      strictProof
        ? "Where the law expects a consent that can be proved, only one that the person confirmed counts."
        : "A recorded yes counts, confirmed or not.",
      inactivityMonths === null
        ? "A yes does not end by silence."
        : `A yes ends after ${inactivityMonths} months in which nothing was heard of the person.`,
    ].join("\n"),
  );
}

function onOff(word: string, option: string): boolean {
  if (word === "on" || word === "off") return word === "on";
  throw new CommandFailure(`${option} is on or off.`, 2);
}

function monthsOf(word: string): number | null {
  if (word === "never") return null;
  const months = Number(word);
  if (Number.isInteger(months) && months >= 1 && months <= 600) return months;
  throw new CommandFailure("--inactivity is a number of months from 1 to 600, or never.", 2);
}
