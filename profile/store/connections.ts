/** Workspaces, their connections, and the log of who changed what about them. */
import { connectionIdOf, workspaceIdOf, type ConnectionId, type WorkspaceId } from "#profile/ids.ts";
import { audit } from "./audit.ts";
import type { Database, Transaction } from "./database.ts";

export interface WorkspaceInput {
  slug: string;
  name: string;
  /** ISO 3166-1 alpha-2; how national phone numbers are read. */
  defaultCountry: string;
  /** ISO 4217 */
  currency: string;
  /** IANA name; where a purchase's calendar day is counted. */
  timeZone: string;
  /** As somebody has said; left out: as its news come, or as before. */
  refreshMinutes?: number;
  /** ISO 8601: 1 is Monday, 7 is Sunday. */
  weekStart?: number;
}

export interface Workspace extends Required<WorkspaceInput> {
  workspaceId: WorkspaceId;
}

/**
 * Who may act on the connection next: us (`ready`), nobody (`paused`; `disconnected` no longer has credentials), or the
 * customer.
 */
export type ConnectionStatus = "ready" | "paused" | "disconnected" | "needs_reconnect" | "needs_permission";

export interface ConnectionInput {
  connector: string;
  /** Tells two connections of one connector apart. */
  name: string;
  /** From trusted configuration only; null: the connector's production host. */
  baseUrl?: string | null;
  settings?: Record<string, unknown>;
  writeBack?: boolean;
  /** Share (0 to 1) of the destination's records up to which later plans apply by themselves; null: always ask. */
  autoApplyShare?: number | null;
  /** What the vendor allows this account, where that is more than its published limits; null: as published. */
  requestsPerSecond?: number | null;
}

export interface Connection extends Required<ConnectionInput> {
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  /** The account at the vendor, once a check has told us; quota is counted per account. */
  externalAccount: string | null;
  /** Real customers or a sandbox's; null where the vendor does not tell. */
  mode: "live" | "test" | null;
  status: ConnectionStatus;
  statusReason: string | null;
  /** Our part of what the account is allowed, above 0 and up to 1; null: the usual one. */
  quotaShare: number | null;
  /** What of persons is kept of it, though it is off by default: of every connection, or of this one. */
  sensitiveFacts: string[];
}

/** What can be changed about a connection; what is left out stays. */
export interface ConnectionChange {
  settings?: Record<string, unknown>;
  baseUrl?: string | null;
  externalAccount?: string | null;
  mode?: "live" | "test" | null;
  requestsPerSecond?: number | null;
  quotaShare?: number | null;
  writeBack?: boolean;
  autoApplyShare?: number | null;
}

export interface ConnectionStore {
  /**
   * Makes the workspace or updates its settings; the id follows from the slug. Where that asks for another refresh schedule,
   * the workspace is noted as one whose schedule is yet to be made (`installation.ts`).
   */
  createWorkspace(input: WorkspaceInput): Promise<Workspace>;
  listWorkspaces(): Promise<{ workspaceId: WorkspaceId; slug: string; refreshMinutes: number }[]>;
  getWorkspace(workspaceId: WorkspaceId): Promise<Workspace | null>;
  /** Makes the connection or updates what the input names; status and account of an existing one stay. */
  upsertConnection(workspaceId: WorkspaceId, input: ConnectionInput, actor: string): Promise<Connection>;
  /**
   * Settings made from those there are, under a lock: of two changes at the same time none is lost. Makes the connection
   * when it is missing; `change` then gets null.
   */
  changeSettings(
    workspaceId: WorkspaceId,
    input: Pick<ConnectionInput, "connector" | "name">,
    change: (settings: Record<string, unknown> | null) => Record<string, unknown>,
    actor: string,
  ): Promise<Connection>;
  listConnections(workspaceId: WorkspaceId): Promise<Connection[]>;
  /** @throws Error when there is no such connection in the workspace */
  get(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<Connection>;
  updateConnection(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    change: ConnectionChange,
    actor: string,
  ): Promise<void>;
  /** `reason` is for the person who must act; no personal data. Nothing is logged when nothing changed. */
  setStatus(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    status: ConnectionStatus,
    reason: string | null,
    actor: string,
  ): Promise<void>;
}

const WORKSPACE = `workspace_id AS "workspaceId", slug, name, default_country AS "defaultCountry", currency,
  time_zone AS "timeZone", refresh_minutes AS "refreshMinutes", week_start AS "weekStart"`;

const CONNECTION = `workspace_id AS "workspaceId", connection_id AS "connectionId", connector, name,
  base_url AS "baseUrl", settings, external_account AS "externalAccount", mode, status, status_reason AS "statusReason",
  write_back AS "writeBack", auto_apply_share AS "autoApplyShare", requests_per_second AS "requestsPerSecond",
  quota_share AS "quotaShare",
  (SELECT w.sensitive_facts FROM workspace w WHERE w.workspace_id = connection.workspace_id) || sensitive_facts
    AS "sensitiveFacts"`;

export function createConnectionStore(database: Database): ConnectionStore {
  return {
    createWorkspace: (input) => {
      const workspaceId = workspaceIdOf(input.slug);
      return database.inWorkspace(workspaceId, async (transaction) => {
        const rows = await transaction.query<Workspace>(
          `INSERT INTO workspace
             (workspace_id, slug, name, default_country, currency, time_zone, refresh_minutes, refresh_fixed, week_start)
           VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, 15), $7::integer IS NOT NULL, coalesce($8, 1))
           ON CONFLICT (workspace_id) DO UPDATE SET name = excluded.name, default_country = excluded.default_country,
             currency = excluded.currency, time_zone = excluded.time_zone,
             refresh_minutes = coalesce($7, workspace.refresh_minutes),
             refresh_fixed = workspace.refresh_fixed OR $7::integer IS NOT NULL,
             week_start = coalesce($8, workspace.week_start),
             schedule_pending = workspace.schedule_pending OR workspace.refresh_minutes <> coalesce($7, workspace.refresh_minutes)
           RETURNING ${WORKSPACE}`,
          [
            workspaceId,
            input.slug,
            input.name,
            input.defaultCountry,
            input.currency,
            input.timeZone,
            input.refreshMinutes ?? null,
            input.weekStart ?? null,
          ],
        );
        return only(rows);
      });
    },

    listWorkspaces: async () => {
      const { rows } = await database.pool.query<{ workspaceId: WorkspaceId; slug: string; refreshMinutes: number }>(
        `SELECT workspace_id AS "workspaceId", slug, refresh_minutes AS "refreshMinutes" FROM list_workspaces()`,
      );
      return rows;
    },

    getWorkspace: (workspaceId) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const rows = await transaction.query<Workspace>(`SELECT ${WORKSPACE} FROM workspace WHERE workspace_id = $1`, [
          workspaceId,
        ]);
        return rows[0] ?? null;
      }),

    upsertConnection: (workspaceId, input, actor) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const before = await findLocked(transaction, connectionIdOf(workspaceId, input.connector, input.name));
        return upsert(transaction, before, input, actor);
      }),

    changeSettings: (workspaceId, { connector, name }, change, actor) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const before = await findLocked(transaction, connectionIdOf(workspaceId, connector, name));
        return upsert(transaction, before, { connector, name, settings: change(before?.settings ?? null) }, actor);
      }),

    listConnections: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<Connection>(
          `SELECT ${CONNECTION} FROM connection WHERE workspace_id = $1 ORDER BY connector, name`,
          [workspaceId],
        ),
      ),

    get: (workspaceId, connectionId) =>
      database.inWorkspace(workspaceId, (transaction) => existing(transaction, connectionId)),

    updateConnection: (workspaceId, connectionId, change, actor) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const before = await existing(transaction, connectionId);
        const after = { ...before, ...change };
        await transaction.query(
          `UPDATE connection SET base_url = $3, settings = $4, external_account = $5, write_back = $6,
             auto_apply_share = $7, mode = $8, requests_per_second = $9, quota_share = $10
           WHERE workspace_id = $1 AND connection_id = $2`,
          [
            workspaceId,
            connectionId,
            after.baseUrl,
            JSON.stringify(after.settings),
            after.externalAccount,
            after.writeBack,
            after.autoApplyShare,
            after.mode,
            after.requestsPerSecond,
            after.quotaShare,
          ],
        );
        // Values stay out of the log: settings can hold account names.
        const details = { fields: Object.keys(change) };
        await audit(transaction, { actor, action: "connection.changed", subject: connectionId, details });
      }),

    setStatus: (workspaceId, connectionId, status, reason, actor) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const changed = await transaction.query<{ connection_id: string }>(
          `UPDATE connection SET status = $3, status_reason = $4
           WHERE workspace_id = $1 AND connection_id = $2 AND (status, status_reason) IS DISTINCT FROM ($3, $4)
           RETURNING connection_id`,
          [workspaceId, connectionId, status, reason],
        );
        if (changed.length > 0) {
          const details = { status, reason };
          await audit(transaction, { actor, action: "connection.status", subject: connectionId, details });
        }
      }),
  };
}

/** The connection, which nobody else changes or makes until the transaction ends; null: there is none yet. */
async function findLocked(transaction: Transaction, connectionId: ConnectionId): Promise<Connection | null> {
  // A missing row cannot be locked.
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`connection ${connectionId}`]);
  return find(transaction, connectionId);
}

async function upsert(
  transaction: Transaction,
  before: Connection | null,
  input: ConnectionInput,
  actor: string,
): Promise<Connection> {
  const { workspaceId } = transaction;
  const connectionId = connectionIdOf(workspaceId, input.connector, input.name);
  const rows = await transaction.query<Connection>(
    `INSERT INTO connection
       (workspace_id, connection_id, connector, name, base_url, settings, write_back, auto_apply_share,
        requests_per_second)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (workspace_id, connection_id) DO UPDATE SET base_url = excluded.base_url,
       settings = excluded.settings, write_back = excluded.write_back, auto_apply_share = excluded.auto_apply_share,
       requests_per_second = excluded.requests_per_second
     RETURNING ${CONNECTION}`,
    [
      workspaceId,
      connectionId,
      input.connector,
      input.name,
      input.baseUrl === undefined ? (before?.baseUrl ?? null) : input.baseUrl,
      JSON.stringify(input.settings ?? before?.settings ?? {}),
      input.writeBack ?? before?.writeBack ?? false,
      input.autoApplyShare === undefined ? (before?.autoApplyShare ?? null) : input.autoApplyShare,
      input.requestsPerSecond === undefined ? (before?.requestsPerSecond ?? null) : input.requestsPerSecond,
    ],
  );
  const after = only(rows);
  if (JSON.stringify(before) !== JSON.stringify(after)) {
    const action = before === null ? "connection.created" : "connection.changed";
    await audit(transaction, { actor, action, subject: connectionId });
  }
  return after;
}

async function find(transaction: Transaction, connectionId: ConnectionId): Promise<Connection | null> {
  const rows = await transaction.query<Connection>(
    `SELECT ${CONNECTION} FROM connection WHERE workspace_id = $1 AND connection_id = $2`,
    [transaction.workspaceId, connectionId],
  );
  return rows[0] ?? null;
}

async function existing(transaction: Transaction, connectionId: ConnectionId): Promise<Connection> {
  const connection = await find(transaction, connectionId);
  if (connection === null) throw new Error(`There is no connection ${connectionId} in this workspace.`);
  return connection;
}

function only<Row>(rows: Row[]): Row {
  const [row] = rows;
  if (row === undefined) throw new Error("The database returned no row where it must return one.");
  return row;
}
