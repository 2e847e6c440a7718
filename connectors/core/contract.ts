/** What a connector is. Paging loops, rate limits, checkpoints, retries and logging are the framework's work. */
import type { z } from "zod";
import type { AudienceDefinition, Audiences, Joining, Leaving, MemberContext } from "./audience.ts";
import type { Auth } from "./auth.ts";
import type { Costs } from "./costs.ts";
import { type PropertyWrite, withoutConsent } from "./consent-fields.ts";
import { ConnectorError } from "./errors.ts";
import type { Grant } from "./grant.ts";
import type { CanonicalRecord, FigureFlag, RecordKind } from "./records.ts";
import type { SensitiveName } from "./sensitive.ts";
import type { Webhooks } from "./webhooks.ts";

/** What a connection's client is made from. `baseUrl` comes from trusted configuration, never from a vendor's reply. */
export interface ConnectEnvironment<Settings, Credentials> {
  settings: Settings;
  credentials: Credentials;
  baseUrl: string;
  /** Wraps every vendor call: waits for the account's quota, times out, counts, classifies what was thrown. */
  call: VendorCall;
  /** The vendor's answer named what this account is allowed: calls in any stretch of so many milliseconds. */
  learned?: (bucket: string, allowance: { calls: number; windowMs: number }) => void;
  /** The same of a whole day, whichever bucket the calls are of. */
  learnedDay?: (day: DayAllowance) => void;
  /** Our part of what the account is allowed, for limits that only answers tell of. Nine tenths unless given. */
  share?: number;
  /** Facts about persons that are kept though they are off by default. Others of them are not asked for. */
  sensitive?: ReadonlySet<SensitiveName>;
  /** Lets time pass between two looks at work that the vendor does after it answered. Quota and retries are not its business. */
  pause?: (ms: number) => Promise<void>;
  /** The clock, passed in. Milliseconds since the epoch. */
  now: () => number;
}

/** `bucket` names a rate limit of the definition; `operation` is a short stable name for metrics (`contacts.search`). */
export type VendorCall = <T>(
  bucket: string,
  operation: string,
  send: (signal: AbortSignal) => Promise<T>,
) => Promise<T>;

/** A vendor row that could not become a record: kept as a dead letter, can be retried. */
export interface Reject {
  /** Vendor id, or `line 17` of a file. */
  ref: string;
  /** The vendor id, where the row could be identified: a record we hold under it is still listed, so it is not gone. */
  id?: string;
  reason: string;
  /** The row became a record all the same: this is a remark on what could not be taken from it. */
  kept?: true;
  /** The offending row as it came, so that it can be corrected and tried again. Stored, never logged. */
  raw: unknown;
}

/**
 * A day of which the page holds every figure there is: what was held of it and is not on the page is removed with the page.
 * Other days are left alone, and a figure of a day that the page does not name is refused.
 */
export interface ReplacedDay {
  /** The property or ad account, as in its records. */
  account: string;
  /** `2026-11-27`, in the account's own time zone. */
  day: string;
  /** The vendor makes no more corrections to it, as far as we know. */
  settled: boolean;
  /** Said of the day as a whole, also where no row is left of it. */
  flags: FigureFlag[];
  /** False: a row could not be understood, so nothing is taken as gone. */
  whole?: false;
}

export interface RecordPage {
  records: CanonicalRecord[];
  rejects: Reject[];
  rawCount: number;
  /** Where to go on after this page, also the checkpoint. */
  next: unknown;
  atEnd: boolean;
  /** Everything the vendor has was seen by this read, so absence means deletion. Only in a stream that deletes so. */
  fullScan: boolean;
  /** Of figures only. */
  days?: ReplacedDay[];
  /** A row on this page could not be identified: absence proves nothing in this read. */
  gap?: boolean;
}

/** A record that the vendor said something about. */
export interface RecordNews {
  /** Vendor id. */
  id: string;
  /** When it happened, ISO 8601: what the vendor answers now is at least as new. */
  at: string;
}

/** What came of reading single records. Of each one asked for, it is there, is gone, or is among the rejects. */
export type FoundRecords = Pick<RecordPage, "records" | "rejects" | "rawCount">;

/** A stream with its types erased, as the framework sees it; made by `defineStream`. */
export interface Stream<Client> {
  readonly title: string;
  readonly kind: RecordKind;
  /** Its records can be asked for by id. */
  readonly finds: boolean;
  /** How deletions show. `full-scan`: what a complete read no longer lists is gone, besides what the vendor says is. */
  readonly deletes: "tombstones" | "full-scan" | "none";
  read(client: Client, cursor: unknown): AsyncGenerator<RecordPage>;
  /** Reads these records as they stand now; one that the vendor says it does not have comes as deleted. */
  find(client: Client, news: readonly RecordNews[]): Promise<FoundRecords>;
  /** The vendor's own count, for reconciling after a full read; null where it offers none. */
  count(client: Client): Promise<number | null>;
}

export interface FieldDefinition {
  /** Vendor-side name, lower case, `[a-z0-9_]`, begins with a letter, at most 40 characters. */
  name: string;
  label: string;
  description: string;
  type: "text" | "number" | "enumeration" | "datetime";
  /** `enumeration` only. */
  options?: { value: string; label: string }[];
}

export interface FieldReport {
  name: string;
  outcome: "created" | "updated" | "exists" | "conflict";
  /** `conflict`: what is in the way and what to do. */
  reason?: string;
}

/** What a tool says of one of its properties. */
export type FieldFacts =
  /** It has none of this name. */
  | { state: "absent" }
  /** The tool keeps no definitions: a name is all there is, and any value goes. */
  | { state: "undefined" }
  /** The name is not for us, whatever is there: why, for the person who chose it. */
  | { state: "refused"; reason: string }
  | {
      state: "present";
      name: string;
      label: string;
      /** `other`: of a kind that holds none of our values. */
      type: FieldDefinition["type"] | "other";
      /** In the tool's own words. */
      typeName: string;
      /** Of an enumeration: the values it takes. */
      options: readonly string[];
      /** It was made by us. */
      ours: boolean;
      /** Why it must not be written though it is there: `is read-only in ...`. */
      obstacle?: string;
    };

/** A record to look at. */
export interface RecordRef {
  /** Vendor id. */
  id: string;
  /**
   * When the vendor made the record (ISO 8601), where we know: helps to find it in a list, and says nothing else. It may be
   * missing or wrong, and the answer must be the same.
   */
  createdAt?: string | null;
}

export interface LiveRecord {
  id: string;
  /** `gone`: deleted at the vendor. `merged`: lives on under `mergedInto`. */
  state: "live" | "gone" | "merged";
  mergedInto?: string;
  /** Null: not set. Only the fields asked for. */
  values: Record<string, string | null>;
}

export interface RecordWrite {
  /** Vendor id. */
  id: string;
  /** Null clears. Fields not named are left alone. */
  values: Record<string, string | null>;
  /** Same write, same key: lets the vendor recognise a repeat. */
  idempotencyKey: string;
  grant: Grant;
  /** The vendor's job that an earlier attempt left this very write with, and of which nobody has seen the end. */
  job?: string;
}

/** What goes with the writes, for vendors that need it. */
export interface WriteContext {
  /** What our fields hold, by name: for vendors that type a value by how it is sent. What is not named is text. */
  types: Readonly<Record<string, FieldDefinition["type"]>>;
  /**
   * The vendor has taken these writes and does them later, under this job. Awaited before anything else is asked, so that
   * whoever comes after a crash looks at the job and does not order the same once more.
   */
  begun(job: string, ids: readonly string[]): Promise<void>;
}

export interface WriteResult {
  id: string;
  /** `rejected`: this record will not go through as it is. `gone`: the record no longer exists; nothing to do. `retry`: worth another try. */
  outcome: "written" | "rejected" | "gone" | "retry";
  /** For the person who must act; no personal data. */
  reason?: string;
}

export interface WriteBack<Client> {
  /** The person stream whose records can be written. */
  stream: string;
  /** Records written together: one vendor call where it takes several. Consent is asked per batch. */
  batchSize: number;
  /** `readLive` is cheapest by the record when asked for so many at once, as where a vendor lists all its records or none. */
  readSize: number;
  /** Longest value the vendor stores, characters. */
  maxValueLength: number;
  /** Creates what is missing; safe to repeat. Where a vendor needs no definitions, reports `exists`. */
  ensureFields(client: Client, fields: FieldDefinition[]): Promise<FieldReport[]>;
  /** The property of this name as the tool defines it now; changes nothing. */
  describeField(client: Client, name: string): Promise<FieldFacts>;
  /**
   * One entry per record, in input order. A plan is made and carried out in the order in which its records were created,
   * so that those asked for together are neighbours in a list by age.
   */
  readLive(client: Client, records: RecordRef[], fields: string[]): Promise<LiveRecord[]>;
  /**
   * One result per write, in input order; throws only when the whole call failed. Never carries a subscription. Where the
   * vendor's job is still under way, the result is `retry`: the next attempt gets the write with its `job`.
   */
  write(client: Client, writes: PropertyWrite[], context: WriteContext): Promise<WriteResult[]>;
}

/** What an account is allowed from midnight to midnight, and what is left of today's, as an answer says. */
export interface DayAllowance {
  calls: number;
  left: number;
}

export interface RateLimit {
  /** At most so many calls in any stretch of `windowMs`, as the vendor publishes it. */
  calls: number;
  windowMs: number;
  /** In a sandbox, where that has another figure. */
  callsInTest?: number;
  /** Another bucket from which each call is spent too: of all calls of the account together. */
  within?: string;
  /** The same for every account, whatever was granted to one besides: `requests_per_second` of a connection is not about it. */
  fixed?: true;
  /** `app`: the vendor counts the calls of our app, whichever account they are for (`appOf`); else those of the account. */
  countedFor?: "app";
  /** Our part of it, the rest being for the customer's other apps: set for a connection, nine tenths unless it is. */
  share?: number;
  /** What the vendor's answers may raise `calls` to; twice as many unless given. */
  mostCalls?: number;
  source: string;
  readOn: string;
}

/** Who a connection is at the vendor. */
export interface AccountIdentity {
  /** Identifies the external account: quota is counted by it, and a connection never moves to another. */
  account: string;
  /** For people: the account's own name where it has one. */
  title: string;
  /** Real customers, or a sandbox's made-up ones; left out where the vendor does not tell. */
  mode?: "live" | "test";
}

export interface ConnectorSpec<Settings, Credentials, Client> {
  id: string;
  title: string;
  settings: z.ZodType<Settings>;
  credentials: z.ZodType<Credentials>;
  /** What `credentials` are to a person, and where they come from. */
  auth: Auth;
  /** The vendor's production host; null for a source without network. */
  baseUrl: string | null;
  /** Budgets of one external account, by bucket name; head-room for the customer's other apps is left by the framework. */
  limits: Record<string, RateLimit>;
  /** What reading and writing take in calls, for forecasts. Left out: nothing is known, or no call is made. */
  costs?: Costs<Client>;
  /** Which app the credentials belong to, where limits are counted for one; no secret. Left out: there is one for all. */
  appOf?(credentials: Credentials): string;
  /**
   * Made when the first call is about to be. What only calls need, above all the vendor's SDK, is imported here and not at
   * the top of a file: every command and every worker loads every definition.
   */
  connect(environment: ConnectEnvironment<Settings, Credentials>): Client | Promise<Client>;
  /** Turns whatever the SDK threw into a ConnectorError; undefined: a fault of the network or our own. `httpErrors` makes one. */
  classify(error: unknown): ConnectorError | undefined;
  /** Who are we at the vendor: proves that the credentials work. */
  check(client: Client): Promise<AccountIdentity>;
  streams: Record<string, Stream<Client>>;
  /**
   * Whether a stream has nothing to read, as settings and position alone can tell; a run then passes it over. Left out:
   * only the vendor knows.
   */
  isIdle?(stream: string, settings: Settings, cursor: unknown): boolean;
  writeBack?: WriteBack<Client>;
  /** Left out: the vendor sends nothing, or nothing that tells of our streams. */
  webhooks?: Webhooks;
  audiences?: Audiences<Client>;
  /** How many somebody wants in an audience, having agreed to what the vendor demands for it; null: none. */
  audienceWanted?(settings: Settings): { size: number } | null;
}

/** A connector with its types erased, as the registry and the framework see it. */
export interface Connector {
  readonly id: string;
  readonly title: string;
  readonly auth: Auth;
  readonly baseUrl: string | null;
  readonly limits: Record<string, RateLimit>;
  readonly streams: Record<string, Pick<Stream<unknown>, "title" | "kind" | "deletes" | "finds">>;
  readonly writeBack?: Pick<WriteBack<unknown>, "stream" | "batchSize" | "readSize" | "maxValueLength">;
  readonly webhooks?: Webhooks;
  readonly audiences?: Pick<Audiences<unknown>, "batchSize" | "minimumSize" | "identify">;
  readonly costs?: Costs<unknown>;
  classify(error: unknown): ConnectorError | undefined;
  parseSettings(raw: unknown): unknown;
  /** @throws z.ZodError when a field is missing or has a format that the vendor never issues */
  parseCredentials(raw: unknown): unknown;
  isIdle(stream: string, settings: unknown, cursor: unknown): boolean;
  appOf(credentials: unknown): string;
  audienceWanted(settings: unknown): { size: number } | null;
  open(environment: ConnectEnvironment<unknown, unknown>): OpenConnection;
}

/** A connection one can work with: the client is bound inside. */
export interface OpenConnection {
  check(): Promise<AccountIdentity>;
  read(stream: string, cursor: unknown): AsyncGenerator<RecordPage>;
  find(stream: string, news: readonly RecordNews[]): Promise<FoundRecords>;
  count(stream: string): Promise<number | null>;
  /** What its costs are counted by, for a read from this position on: the vendor's rows are, unless its costs say otherwise. */
  units(stream: string, cursor: unknown): Promise<number | "rows" | null>;
  ensureFields(fields: FieldDefinition[]): Promise<FieldReport[]>;
  describeField(name: string): Promise<FieldFacts>;
  readLive(records: RecordRef[], fields: string[]): Promise<LiveRecord[]>;
  ensureAudience(audience: AudienceDefinition): Promise<FieldReport>;
  addMembers(audience: string, members: Joining[], context: MemberContext): Promise<WriteResult[]>;
  removeMembers(audience: string, members: Leaving[], context: MemberContext): Promise<WriteResult[]>;
  /** Without a context every value is text and no job is kept. */
  write(writes: RecordWrite[], context?: WriteContext): Promise<WriteResult[]>;
}

/** Whether anything of ours goes into the tool, once somebody has approved it. */
export const isWritable = ({ writeBack, audiences }: Pick<Connector, "writeBack" | "audiences">): boolean =>
  writeBack !== undefined || audiences !== undefined;

const NO_CONTEXT: WriteContext = { types: {}, begun: async () => undefined };

export function defineConnector<Settings, Credentials, Client>(
  spec: ConnectorSpec<Settings, Credentials, Client>,
): Connector {
  return {
    id: spec.id,
    title: spec.title,
    auth: spec.auth,
    baseUrl: spec.baseUrl,
    limits: spec.limits,
    streams: spec.streams,
    ...(spec.writeBack === undefined ? {} : { writeBack: spec.writeBack }),
    ...(spec.webhooks === undefined ? {} : { webhooks: spec.webhooks }),
    ...(spec.audiences === undefined ? {} : { audiences: spec.audiences }),
    ...(spec.costs === undefined ? {} : { costs: spec.costs }),
    classify: (error) => (error instanceof ConnectorError ? error : spec.classify(error)),
    parseSettings: (raw) => spec.settings.parse(raw),
    parseCredentials: (raw) => spec.credentials.parse(raw),
    audienceWanted: (raw) => spec.audienceWanted?.(spec.settings.parse(raw)) ?? null,
    appOf: (raw) => spec.appOf?.(spec.credentials.parse(raw)) ?? "app",
    isIdle: (stream, settings, cursor) => spec.isIdle?.(stream, spec.settings.parse(settings), cursor) ?? false,
    open(environment) {
      const parsed = {
        ...environment,
        settings: spec.settings.parse(environment.settings),
        credentials: spec.credentials.parse(environment.credentials),
      };
      let connected: Promise<Client> | undefined;
      const client = () => (connected ??= Promise.resolve(spec.connect(parsed)));
      const streamOf = (name: string): Stream<Client> => {
        const stream = spec.streams[name];
        if (stream === undefined) throw new ConnectorError("contract", `${spec.title} has no stream "${name}".`);
        return stream;
      };
      const writable = (): WriteBack<Client> => {
        if (spec.writeBack === undefined)
          throw new ConnectorError("contract", `${spec.title} does not support write-back.`);
        return spec.writeBack;
      };
      const audiences = (): Audiences<Client> => {
        if (spec.audiences === undefined) throw new ConnectorError("contract", `${spec.title} has no audiences.`);
        return spec.audiences;
      };
      return {
        check: async () => spec.check(await client()),
        read: async function* (stream, cursor) {
          yield* streamOf(stream).read(await client(), cursor);
        },
        find: async (stream, news) => streamOf(stream).find(await client(), news),
        count: async (stream) => streamOf(stream).count(await client()),
        units: async (stream, cursor) => {
          const { units } = spec.costs?.streams[stream] ?? {};
          return units === undefined ? "rows" : units(await client(), cursor);
        },
        ensureFields: async (fields) => writable().ensureFields(await client(), fields),
        describeField: async (name) => writable().describeField(await client(), name),
        readLive: async (records, fields) => writable().readLive(await client(), records, fields),
        ensureAudience: async (audience) => audiences().ensure(await client(), audience),
        addMembers: async (audience, members, context) => audiences().add(await client(), audience, members, context),
        removeMembers: async (audience, members, context) =>
          audiences().remove(await client(), audience, members, context),
        write: async (writes, context = NO_CONTEXT) => {
          const writer = writable();
          const { sound, refused } = withoutConsent(writes);
          const results = sound.length === 0 ? [] : await writer.write(await client(), sound, context);
          if (refused.length === 0) return results;
          const byId = new Map([...results, ...refused].map((result) => [result.id, result]));
          return writes.flatMap(({ id }) => byId.get(id) ?? []);
        },
      };
    },
  };
}
