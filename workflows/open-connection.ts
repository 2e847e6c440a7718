import { setTimeout as sleepFor } from "node:timers/promises";
import {
  createVendorCall,
  limiterByBucket,
  unlimited,
  type Allowance,
  type RateLimiter,
} from "#connectors/core/call.ts";
import type { Connector, DayAllowance, OpenConnection } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { ConnectorErrorKind } from "#connectors/core/errors.ts";
import { isSensitiveName } from "#connectors/core/sensitive.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Connection, ConnectionStatus } from "#profile/store/connections.ts";
import type { Stored } from "#profile/store/credentials.ts";
import type { Dependencies } from "./dependencies.ts";
import { ASKED_FOR } from "./priority.ts";
import type { VendorCallEnded } from "./telemetry/telemetry.ts";
import { renewingConnection } from "./sign-ins/renewing-connection.ts";
import { traced } from "./telemetry/traced-connection.ts";

export interface OpenedConnection {
  connector: Connector;
  /** What the account is allowed, and its shared budget. */
  limits: Connector["limits"];
  limiter: RateLimiter;
  connection: OpenConnection;
  streamOf(stream: string): Connector["streams"][string];
  /** Does this before each call leaves, after it waited for the account's quota; null: nothing from now on. */
  beforeSending(check: (() => Promise<void>) | null): void;
  /** Vendor calls since it was last asked, as counts named `calls.<operation>`. */
  takeCalls(): Record<string, number>;
}

/** How long a single call waits in its place after a refusal; for longer waits the activity ends and comes back later. */
const PATIENCE_MS = 30_000;

/** A connection ready for calls: its credentials decrypted and good, its account's shared quota in front. */
export async function openConnection(
  deps: Dependencies,
  workspaceId: WorkspaceId,
  connectionId: ConnectionId,
  signal: AbortSignal,
  urgency = ASKED_FOR,
): Promise<OpenedConnection> {
  const row = await deps.connections.get(workspaceId, connectionId);
  if (isClosed(row.status)) throw new ConnectorError("permission", `The connection "${row.name}" is ${row.status}.`);
  const stored = await deps.credentials.read(workspaceId, connectionId);
  return openStored(deps, row, stored, signal, { onCall: noting(deps, workspaceId), urgency });
}

/** With what is stored for it; null: nothing is. @throws ConnectorError when a sign-in has ended */
export async function openStored(
  deps: Pick<Dependencies, "limiterFor" | "now" | "telemetry" | "signIns">,
  row: Connection,
  stored: Stored | null,
  signal: AbortSignal,
  options?: OpenOptions,
): Promise<OpenedConnection> {
  if (stored?.kind === "sign_in") return openSignedIn(deps, row, signal, options);
  return openWith(deps, row, stored?.credentials ?? {}, signal, options);
}

/** By a sign-in, whose tokens change while it is used. */
async function openSignedIn(
  deps: Pick<Dependencies, "limiterFor" | "now" | "telemetry" | "signIns">,
  row: Connection,
  signal: AbortSignal,
  options?: OpenOptions,
): Promise<OpenedConnection> {
  const access = await deps.signIns.access(row);
  const { open, ...opened } = prepared(deps, row, access.credentials, signal, options);
  const again = (refused?: number) => deps.signIns.access(row, refused);
  return { ...opened, connection: renewingConnection(access, again, open, deps.now) };
}

/** Nobody may call the vendor for it: that is no refusal, and stays until a person changes it. */
const isClosed = (status: ConnectionStatus): boolean => status === "paused" || status === "disconnected";

/** A missing permission concerns one stream; the others go on. Refused credentials concern all. */
export const isUsable = ({ status }: Pick<Connection, "status">): boolean =>
  status === "ready" || status === "needs_permission";

/** Calls made for a workspace count in its times. */
export const noting =
  (deps: Pick<Dependencies, "telemetry" | "callTimes">, workspaceId: WorkspaceId) =>
  (call: VendorCallEnded): void => {
    deps.telemetry.vendorCall(call);
    deps.callTimes.note(workspaceId, call);
  };

export interface OpenOptions {
  onCall?: (call: VendorCallEnded) => void;
  /** As in `priority.ts`; what nobody says anything of is waited for at a screen. */
  urgency?: number;
}

type OpenableRow = Pick<
  Connection,
  "connector" | "connectionId" | "externalAccount" | "baseUrl" | "settings" | "requestsPerSecond"
> &
  Partial<Pick<Connection, "quotaShare" | "mode" | "sensitiveFacts">>;

/** With credentials at hand, stored or not: a connection is tried before it is kept. */
export function openWith(
  deps: Pick<Dependencies, "limiterFor" | "now" | "telemetry">,
  row: OpenableRow,
  credentials: unknown,
  signal: AbortSignal,
  options?: OpenOptions,
): OpenedConnection {
  const { open, ...opened } = prepared(deps, row, credentials, signal, options);
  return { ...opened, connection: open(credentials) };
}

/** All but the client, which may have to be made anew. `credentials`: of whose app, whichever token. */
function prepared(
  deps: Pick<Dependencies, "limiterFor" | "now" | "telemetry">,
  row: OpenableRow,
  credentials: unknown,
  signal: AbortSignal,
  { onCall = deps.telemetry.vendorCall, urgency = ASKED_FOR }: OpenOptions = {},
): Omit<OpenedConnection, "connection"> & { open(credentials: unknown): OpenConnection } {
  const connector = connectorOf(row.connector);
  let calls: Record<string, number> = {};
  let beforeSending: (() => Promise<void>) | null = null;
  const { limits, limiter } = budgetOf(deps, row, connector.appOf(credentials));
  const call = createVendorCall({
    connector: { title: connector.title, classify: connector.classify, limits },
    ...{ limiter, now: deps.now, patienceMs: PATIENCE_MS, signal, urgency },
    beforeSending: async () => beforeSending?.(),
    observe: (operation, durationMs, outcome) => {
      onCall({ connector: connector.id, operation, durationMs, outcome });
      const name = `calls.${operation}`;
      calls[name] = (calls[name] ?? 0) + 1;
    },
  });
  const baseUrl = row.baseUrl ?? connector.baseUrl ?? "";
  const learned = (bucket: string, allowance: Allowance) => {
    // What could not be kept is named again by the next worker's first answer.
    limiter.learned(bucket, allowance).catch(() => undefined);
  };
  const learnedDay = (day: DayAllowance) => {
    limiter.learnedDay(day).catch(() => undefined);
  };
  const { settings } = row;
  const share = row.quotaShare == null ? {} : { share: row.quotaShare };
  const sensitive = new Set((row.sensitiveFacts ?? []).filter(isSensitiveName));
  const pause = (ms: number) => pauseUnless(signal, ms);
  return {
    ...{ connector, limits, limiter },
    open: (credentials) =>
      traced(
        connector.open({
          ...{ settings, credentials, baseUrl, call, learned, learnedDay, pause, sensitive, now: deps.now, ...share },
        }),
        connector.id,
        deps.telemetry,
      ),
    streamOf: (stream) => {
      const known = connector.streams[stream];
      if (known === undefined) throw new ConnectorError("contract", `${connector.title} has no stream "${stream}".`);
      return known;
    },
    beforeSending: (check) => {
      beforeSending = check;
    },
    takeCalls: () => {
      const taken = calls;
      calls = {};
      return taken;
    },
  };
}

/** @param app whose limits are counted for all of its accounts together; null: not known, and nobody is known to use it */
export function budgetOf(
  deps: Pick<Dependencies, "limiterFor">,
  row: Pick<
    OpenableRow,
    "connector" | "connectionId" | "externalAccount" | "requestsPerSecond" | "quotaShare" | "mode"
  >,
  app: string | null,
): Pick<OpenedConnection, "connector" | "limits" | "limiter"> {
  const connector = connectorOf(row.connector);
  const published = row.mode === "test" ? inTest(connector.limits) : connector.limits;
  const allowed = row.requestsPerSecond === null ? published : granted(published, row.requestsPerSecond);
  const limits = shared(allowed, row.quotaShare ?? null);
  const limiter = limiterByBucket(
    limits,
    deps.limiterFor(row.connector, row.externalAccount ?? row.connectionId),
    app === null ? unlimited : deps.limiterFor(row.connector, `app ${app}`),
  );
  return { connector, limits, limiter };
}

async function pauseUnless(signal: AbortSignal, ms: number): Promise<void> {
  await sleepFor(ms, undefined, { signal }).catch(() => {
    throw new ConnectorError("transient", "Waiting for the vendor's work was cancelled on our side.");
  });
}

function inTest(limits: Connector["limits"]): Connector["limits"] {
  return Object.fromEntries(
    Object.entries(limits).map(([bucket, limit]) => [bucket, { ...limit, calls: limit.callsInTest ?? limit.calls }]),
  );
}

/** The operator says what this account is allowed. An answer that names less is believed, one that names more is not. */
function granted(limits: Connector["limits"], perSecond: number): Connector["limits"] {
  return Object.fromEntries(
    Object.entries(limits).map(([bucket, limit]) => {
      if (limit.fixed === true) return [bucket, limit];
      const calls = (perSecond * limit.windowMs) / 1_000;
      return [bucket, { ...limit, calls, mostCalls: calls }];
    }),
  );
}

/** The head-room is left in an account. What a vendor counts for our app as a whole is no customer's to divide. */
function shared(limits: Connector["limits"], share: number | null): Connector["limits"] {
  if (share === null) return limits;
  return Object.fromEntries(
    Object.entries(limits).map(([bucket, limit]) => [bucket, limit.countedFor === "app" ? limit : { ...limit, share }]),
  );
}

/** Failures that only the customer can resolve. */
const STATUS_AFTER: Partial<Record<ConnectorErrorKind, ConnectionStatus>> = {
  auth: "needs_reconnect",
  permission: "needs_permission",
};

/** Shows on the connection what its customer has to do, when the vendor has refused us permanently. */
export async function noteRefusal(
  deps: Pick<Dependencies, "connections">,
  { workspaceId, connectionId }: { workspaceId: WorkspaceId; connectionId: ConnectionId },
  error: ConnectorError,
  actor: "sync" | "write-back" | "sign-in" | "webhook",
): Promise<void> {
  const status = STATUS_AFTER[error.kind];
  if (status === undefined) return;
  if (isClosed((await deps.connections.get(workspaceId, connectionId)).status)) return;
  await deps.connections.setStatus(workspaceId, connectionId, status, error.message, actor);
}
