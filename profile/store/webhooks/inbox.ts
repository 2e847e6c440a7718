/** What vendors tell us by themselves, taken once: which event, and which records are to be read because of it. */
import type { WebhookEvent } from "#connectors/core/webhooks.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "../database.ts";

/** An event whose account is known. */
export type AddressedEvent = WebhookEvent & { connector: string; account: string };

export interface Received {
  /** Those in which something is to be read now. */
  workspaces: WorkspaceId[];
  /** Events about an account that nobody has connected, by connector. */
  unknown: { connector: string; events: number }[];
}

export interface WebhookPlace {
  workspaceId: WorkspaceId;
  connector: string;
  /** Null: no check has told whose it is. */
  account: string | null;
}

/** Requests that came to nothing. */
export interface Refused {
  connector: string;
  /** Whose own address was called; null: the connector's. */
  connectionId: ConnectionId | null;
  reason: string;
  requests: number;
}

/** How webhooks arrive for a connection. */
export interface Arrival {
  connectionId: ConnectionId;
  events: number;
  /** Deliveries of events that were there before. */
  repeated: number;
  firstAt: Date;
  lastAt: Date;
}

export interface WebhookInbox {
  /**
   * Takes events of any number of accounts in one transaction: all or none. Each reaches every connection of its account, in
   * whichever workspace, and each connection once.
   */
  receive(events: readonly AddressedEvent[]): Promise<Received>;
  /** Null: there is no such connection. */
  find(connectionId: ConnectionId): Promise<WebhookPlace | null>;
  noteRefused(refused: readonly Refused[]): Promise<void>;
  refused(): Promise<(Refused & { lastAt: Date })[]>;
  arrivals(workspaceId: WorkspaceId): Promise<Arrival[]>;
}

const NOBODY = "00000000-0000-0000-0000-000000000000";

export function createWebhookInbox(database: Database): WebhookInbox {
  const { pool } = database;
  return {
    async receive(events) {
      const incoming = events.map(({ connector, account, id, mode = null, effect, at, records }) => ({
        ...{ connector, account, event_id: id, mode, effect, at },
        records: effect === "access" ? [["", ""]] : records.map((record) => [record.stream, record.id]),
      }));
      const { rows } = await pool.query<{ workspace_id: WorkspaceId | null; connector: string | null; events: number }>(
        "SELECT workspace_id, connector, events FROM webhook_receive($1)",
        [JSON.stringify(incoming)],
      );
      return {
        workspaces: rows.flatMap(({ workspace_id }) => workspace_id ?? []),
        unknown: rows.flatMap(({ connector, events: count }) =>
          connector === null ? [] : { connector, events: count },
        ),
      };
    },

    async find(connectionId) {
      const { rows } = await pool.query<WebhookPlace>(
        `SELECT workspace_id AS "workspaceId", connector, account FROM webhook_connection($1)`,
        [connectionId],
      );
      return rows[0] ?? null;
    },

    async noteRefused(refused) {
      const rows = refused.map(({ connector, connectionId, reason, requests }) => ({
        ...{ connector, connection_id: connectionId ?? NOBODY, reason, requests },
      }));
      if (rows.length > 0) await pool.query("SELECT webhook_refuse($1)", [JSON.stringify(rows)]);
    },

    async refused() {
      const { rows } = await pool.query<Refused & { lastAt: Date }>(
        `SELECT connector, nullif(connection_id, $1) AS "connectionId", reason, requests, last_at AS "lastAt"
         FROM webhook_refusals()`,
        [NOBODY],
      );
      return rows;
    },

    arrivals: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<Arrival>(
          `SELECT connection_id AS "connectionId", events, repeated, first_at AS "firstAt", last_at AS "lastAt"
           FROM webhook_arrival WHERE workspace_id = $1`,
          [workspaceId],
        ),
      ),
  };
}
