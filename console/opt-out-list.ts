/** Lists of opt-outs as files: what other tools write, and what they can read. Only a no travels this way, never a yes. */
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Readable as Lines } from "node:stream";
import { parse } from "csv-parse";
import { stringify } from "csv-stringify";
import { readConsentCell } from "#connectors/csv/consent/cell.ts";
import { neutralised } from "#connectors/csv/formulas.ts";
import { daySpan } from "#connectors/core/local-time.ts";
import { consentChannel, consentPurpose, type ConsentRecord } from "#connectors/core/records.ts";
import { isRevocation, REVOKED_BY_STOP } from "#profile/consent/stop-words.ts";
import type { OwnStatement } from "#profile/store/consent/enter.ts";
import type { OptOut } from "#profile/store/consent/opt-outs.ts";

export const OPT_OUT_COLUMNS = ["address", "channel", "purpose", "state", "since", "cause", "reason"] as const;

/** Longer cells are no address, word or date. Characters. */
const LONGEST_CELL = 2_000;

export interface ReadOptOuts {
  statements: OwnStatement[];
  /** Rows that are none, each with its line and why. */
  refused: { line: number; reason: string }[];
}

const HEADINGS: Readonly<Record<string, string>> = {
  ...{ address: "address", email: "address", "e-mail": "address", "email address": "address", phone: "address" },
  ...{ mobile: "address", "phone number": "address", channel: "channel", purpose: "purpose", state: "state" },
  ...{ status: "state", since: "since", date: "since", "unsubscribed at": "since", cause: "cause", reason: "reason" },
  ...{ reply: "reply", message: "reply" },
};

/**
 * @param file.name for the proof; it is no personal data
 * @param file.timeZone whose days its dates are
 * @throws Error where no column holds addresses
 */
export async function* readOptOuts(
  input: Readable,
  { name, timeZone }: { name: string; timeZone: string },
): AsyncGenerator<ReadOptOuts> {
  const parser = input.pipe(
    parse({
      bom: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: 1_000_000,
      info: true,
    }),
  );
  let columns: Map<string, number> | null = null;
  let page: ReadOptOuts = { statements: [], refused: [] };
  for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
    if (columns === null) {
      columns = columnsOf(record);
      continue;
    }
    const cells = columns;
    const cellOf = (column: string) => {
      const at = cells.get(column);
      return at === undefined
        ? ""
        : (record[at] ?? "")
            .slice(0, LONGEST_CELL)
            .replace(/^'(?=[+=@-])/, "")
            .trim();
    };
    const read = statementsOf(cellOf, { name, timeZone });
    if (typeof read === "string") page.refused.push({ line: info.lines, reason: read });
    else page.statements.push(...read);
    if (page.statements.length + page.refused.length < 1_000) continue;
    yield page;
    page = { statements: [], refused: [] };
  }
  yield page;
}

function columnsOf(headings: readonly string[]): Map<string, number> {
  const columns = new Map<string, number>();
  for (const [at, heading] of headings.entries()) {
    const column = HEADINGS[heading.toLowerCase().replaceAll("_", " ")];
    if (column !== undefined && !columns.has(column)) columns.set(column, at);
  }
  if (!columns.has("address"))
    throw new Error(
      `No column holds addresses: name one "address", "email" or "phone". Others that are read: ${OPT_OUT_COLUMNS.slice(1, 6).join(", ")}, reply.`,
    );
  return columns;
}

/** What a row says; a text: why it is none. */
function statementsOf(
  cellOf: (column: string) => string,
  { name, timeZone }: { name: string; timeZone: string },
): OwnStatement[] | string {
  const address = cellOf("address");
  if (address === "") return "it has no address";
  const since = instantOf(cellOf("since"), timeZone);
  if (since === undefined) return "its date is none: write 2026-11-28 or 2026-11-28T10:00:00Z";
  const base = { address, effectiveAt: since, proof: `Opt-out list ${name}` } as const;
  const reply = cellOf("reply");
  if (reply !== "") {
    if (!isRevocation(reply)) return "its reply does not ask to stop";
    return REVOKED_BY_STOP.map((use) => ({ ...base, ...use, state: "withdrawn", cause: "stop" }));
  }
  const state = stateOf(cellOf("state"));
  if (state === "granted") return "it is a yes: only opt-outs are taken from a list";
  const cause = causeOf(cellOf("cause"));
  if (cause === undefined) return "its cause is none of hard_bounce, complaint, suppressed";
  const named = cellOf("channel").toLowerCase();
  const channel = named === "" ? (address.includes("@") ? "email" : "any") : consentChannel.safeParse(named).data;
  if (channel === undefined) return `its channel is none of ${consentChannel.options.join(", ")}`;
  const wanted = cellOf("purpose").toLowerCase();
  const usual = cause === null ? "marketing" : "any";
  const purpose = wanted === "" ? usual : consentPurpose.safeParse(wanted).data;
  if (purpose === undefined) return `its purpose is none of ${consentPurpose.options.join(", ")}`;
  return [{ ...base, channel, purpose, state: cause === null ? state : "denied", cause: cause ?? "opt_out_list" }];
}

/** In doubt whoever is on the list wants no messages: an empty or a strange word is a no too. */
function stateOf(word: string): "granted" | "withdrawn" | "denied" {
  const meaning = readConsentCell(word);
  if (meaning === "granted" || meaning === "yes") return "granted";
  return meaning === "refused" ? "denied" : "withdrawn";
}

function causeOf(word: string): ConsentRecord["cause"] | undefined {
  const known = word.toLowerCase().replaceAll(" ", "_");
  if (known === "" || known === "opt_out_list" || known === "stop" || known === "browser_signal") return null;
  return known === "hard_bounce" || known === "complaint" || known === "suppressed" ? known : undefined;
}

/** A day counts to its end. Null: none given; undefined: no date. */
function instantOf(text: string, timeZone: string): string | null | undefined {
  if (text === "") return null;
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return daySpan(text, timeZone)?.to;
  return /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(text) ? checked(text) : undefined;
}

function checked(text: string): string | undefined {
  const at = new Date(/[zZ]|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** Writes the list, and ends `out`. */
export async function writeOptOuts(pages: AsyncIterable<readonly OptOut[]>, out: Writable): Promise<number> {
  let written = 0;
  async function* rows(): AsyncGenerator<string[]> {
    yield [...OPT_OUT_COLUMNS];
    for await (const page of pages)
      for (const one of page) {
        written += 1;
        yield OPT_OUT_COLUMNS.map((column) => neutralised(one[column] ?? ""));
      }
  }
  await pipeline(Lines.from(rows()), stringify(), out);
  return written;
}
