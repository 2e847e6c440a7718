/** What the suite needs from a connector's author: an account at the vendor's twin, and ways to change it there. */
import { expect } from "vitest";
import { createVendorCall, unlimited } from "../call.ts";
import type { RateLimiter } from "../call.ts";
import type { Connector, FieldDefinition, OpenConnection, RecordPage } from "../contract.ts";
import { ConnectorError } from "../errors.ts";
import { canonicalRecord } from "../records.ts";
import type { CanonicalRecord, PersonRecord } from "../records.ts";
import type { Faults } from "../twin/faults.ts";
import type { Twin } from "../twin/twin.ts";

/** What opens a connection to the account. */
export interface ContractAccess {
  settings: unknown;
  credentials: unknown;
  baseUrl: string;
  now?: () => number;
}

/** A fresh account (or a folder of files). Streams are filled with so many records; the nth counts from 0. */
export interface ContractAccount extends ContractAccess {
  idOf(stream: string, index: number): string;
  /** Changes the nth record in a way that shows in what we read of it. */
  change(stream: string, index: number): Promise<void>;
  /** Adds a record; answers its id. */
  add(stream: string): Promise<string>;
  /** Absent where a source cannot delete. */
  remove?(stream: string, index: number): Promise<void>;
  /** Merges one person into another; absent where the vendor does not merge. */
  merge?(winner: number, loser: number): Promise<void>;
  /** Adds one row as the vendor's own form of a seed. */
  load?(stream: string, row: unknown): void;
  /** Absent without network. */
  vendor?: ContractVendor;
  close(): Promise<void>;
}

/** The twin's switches and books. */
export interface ContractVendor extends Pick<
  Twin<never>,
  "requests" | "answers" | "missingRoutes" | "said" | "idempotencyKeys"
> {
  readonly faults: Faults;
  /** The permission that reading a stream needs. */
  permissionOf(stream: string): string;
  /** The permission that writing our fields needs; absent where nothing is written. */
  permissionToWrite?: string;
  /** Ends the twin and starts it again with its journal. */
  restart(): Promise<void>;
  /** How the vendor holds a field of ours; absent where fields need no definition. */
  fieldOf?(name: string): { type: FieldDefinition["type"]; hidden: boolean };
}

/** By stream: a row of the vendor, and the records it becomes. */
export type Golden = Record<string, [row: unknown, expected: unknown[]][]>;

export interface ContractSubject {
  connector: Connector;
  /** The streams a test account can be filled with; all of the connector's unless given. */
  streams?: string[];
  /** An account whose every stream holds `size` records. `now` is the vendor's clock and ours. */
  start(size: number, now: () => number): Promise<ContractAccount>;
  /**
   * Rows of the vendor and exactly what becomes of them, consent included. Every stream of a vendor needs some; where there
   * is consent, with a yes and a no among them; where there are orders, in more than one state.
   */
  golden?: Golden;
  /** People are merged at this vendor. */
  merges?: boolean;
  /** Streams of what happened and never changes, each with the reason: records are added where others would change. */
  appendOnly?: Record<string, string>;
  /** Deletions show at the latest so long after, as by a read of everything from time to time. Two hours unless given. */
  deletionsShowAfterMs?: number;
  /** Streams that read the last days again each time, as where the vendor tells of no changes, each with the reason. */
  rereads?: Record<string, string>;
  /** Faults that this kind of API cannot have, each with the reason. */
  without?: Partial<Record<keyof Faults, string>>;
}

/** A connection to an account, as the framework would open it. */
export function openForContract(
  connector: Connector,
  access: ContractAccess,
  limiter: RateLimiter = unlimited,
  observe?: (operation: string) => void,
): OpenConnection {
  const now = access.now ?? Date.now;
  const call = createVendorCall({ connector, limiter, now, ...(observe === undefined ? {} : { observe }) });
  const { settings, credentials, baseUrl } = access;
  return connector.open({ settings, credentials, baseUrl, call, now, pause: async () => undefined });
}

/** A walk this long without an end is going round in circles. */
const MOST_PAGES = 2_000;

/** Reads until up to date. */
export async function readToEnd(
  connection: OpenConnection,
  stream: string,
  from: unknown = null,
): Promise<{ pages: RecordPage[]; next: unknown }> {
  const pages: RecordPage[] = [];
  for await (const page of connection.read(stream, from)) {
    pages.push(page);
    if (page.atEnd) break;
    if (pages.length > MOST_PAGES) throw new Error(`${stream}: ${MOST_PAGES} pages and no end.`);
  }
  const last = pages.at(-1);
  if (last === undefined || !last.atEnd) throw new Error("The stream ended without saying that it is up to date.");
  return { pages, next: last.next };
}

/** The last word on each person of these pages, by vendor id. */
export function peopleOf(pages: RecordPage[]): Map<string, PersonRecord> {
  return lastWords(pages, "person");
}

/** The last word on each record of a kind, by vendor id. */
export function lastWords<Kind extends CanonicalRecord["kind"]>(pages: RecordPage[], kind: Kind) {
  const records = pages.flatMap((page) => page.records);
  return new Map(
    records
      .filter((record): record is Extract<CanonicalRecord, { kind: Kind }> => record.kind === kind)
      .map((record) => [record.id, record]),
  );
}

/** Why rows were refused comes before what is missing: mostly it is the answer. */
export function expectNoRejects(stream: string, pages: RecordPage[]): void {
  const refused = pages.flatMap((page) => page.rejects).map(({ ref, reason }) => `${stream} ${ref}: ${reason}`);
  expect(refused.slice(0, 3), "rows were refused").toEqual([]);
}

/** Every record has the canonical form and survives JSON; an error names stream, record and field. */
export function expectCanonical(stream: string, pages: RecordPage[]): void {
  for (const page of pages) {
    for (const record of page.records) {
      const parsed = canonicalRecord.safeParse(record);
      const problems = parsed.error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) ?? [];
      expect(problems, `${stream} ${record.id}`).toEqual([]);
    }
    const { records, next } = JSON.parse(JSON.stringify(page)) as RecordPage;
    expect({ records, next }, `${stream}: stored is not what was read`).toEqual({
      records: page.records,
      next: page.next,
    });
  }
}

/** These ids, each once, and no others. */
export function expectIds(found: Iterable<string>, expected: readonly string[], what: string): void {
  const ids = [...found];
  const present = new Set(ids);
  const wanted = new Set(expected);
  const sample = (values: string[]) => values.slice(0, 5);
  expect(
    {
      missing: sample(expected.filter((id) => !present.has(id))),
      foreign: sample(ids.filter((id) => !wanted.has(id))),
      count: ids.length,
    },
    what,
  ).toEqual({ missing: [], foreign: [], count: wanted.size });
}

/** Calls that the vendor turned down though nothing disturbed it: a batch or page larger than it takes, halved until it fits. */
export function expectNoRefusals({ vendor }: ContractAccount): void {
  const refused = [...(vendor?.answers ?? [])].filter(([answer]) => / (400|413|414|422)$/.test(answer));
  expect(refused, `undisturbed calls that the vendor refused; it said: ${[...(vendor?.said ?? [])].join(" ")}`).toEqual(
    [],
  );
}

/** The error of the only kind a connector may throw; undefined: there was none. */
export async function failureOf(work: Promise<unknown>): Promise<ConnectorError | undefined> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error === undefined || error instanceof ConnectorError) return error;
  throw new Error("Only a ConnectorError was expected.", { cause: error });
}

/** A vendor's messages can quote people's data and keys: none of its sentences, and no secret, may be passed on. */
export function expectDiscreet(text: string, account: ContractAccount): void {
  for (const secret of Object.values(account.credentials as Record<string, string>)) expect(text).not.toContain(secret);
  for (const sentence of account.vendor?.said ?? [])
    if (sentence.length > 12 && text.includes(sentence))
      throw new Error(`The vendor's own words are shown: ${sentence}`);
  expect(text).not.toMatch(/<html|<h1/i);
}
