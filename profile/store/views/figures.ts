/** Figures by day, for people: sums over what they were not asked to be told apart by, with what is to be known of them. */
import { figureFlag } from "#connectors/core/records.ts";
import type { FigureFlag, MetricRecord } from "#connectors/core/records.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { readByIndex, type Database } from "../database.ts";

export interface FigureQuery {
  /** First and last day, both included. */
  from: string;
  to: string;
  /** Of these streams; all where left out. */
  stream?: string;
  /** A dimension to tell apart by: channel, campaign. */
  by?: string;
}

export interface FigureLine {
  connector: string;
  connectionName: string;
  stream: string;
  account: string;
  day: string;
  /** Value of the dimension asked for; null: not asked, or the rows have none. */
  part: string | null;
  /** Of a metric; `spend` of spend. */
  name: string;
  unit: MetricRecord["unit"];
  currency: string | null;
  /** Summed over the rows; null of a ratio, where there is more than one. Of `people` it counts some twice. */
  value: number | null;
  rows: number;
  flags: FigureFlag[];
  /** Every row of the day was understood. */
  whole: boolean;
  /** The tool corrects it no more. */
  settled: boolean;
}

export interface FigureDays {
  connectionId: ConnectionId;
  connector: string;
  connectionName: string;
  stream: string;
  account: string;
  first: string;
  last: string;
  days: number;
  /** Days between the first and the last that were not read. */
  missing: number;
  /** Days of which a row could not be understood. */
  partial: number;
  unsettled: number;
  /** How many days have it. */
  flagged: Record<FigureFlag, number>;
  /** Days whose figures were corrected by the tool after they had first been read. */
  corrected: number;
  correctedAt: Date | null;
}

const KEYS = "connection_id, stream, account, day";

/** Lines of an answer; whoever gets as many asks for less. */
export const MOST_LINES = 2_000;

export interface FigureReader {
  /** Newest day first; at most `MOST_LINES`. */
  metrics(workspaceId: WorkspaceId, query: FigureQuery): Promise<FigureLine[]>;
  /** The same of what was spent. */
  spend(workspaceId: WorkspaceId, query: FigureQuery): Promise<FigureLine[]>;
  /** What is in hand, by connection, stream and account. */
  days(workspaceId: WorkspaceId): Promise<FigureDays[]>;
}

export function createFigureReader(database: Database): FigureReader {
  return {
    metrics: (workspaceId, query) => linesOf(database, workspaceId, query, METRIC),
    spend: (workspaceId, query) => linesOf(database, workspaceId, query, SPEND),
    days: (workspaceId) => daysOf(database, workspaceId),
  };
}

/** SQL of what a table's rows say. */
interface Source {
  table: string;
  name: string;
  unit: string;
  value: string;
  /** Columns that keep its rows apart, besides day, part and currency. */
  apart: string;
}

const METRIC: Source = {
  table: "metric",
  name: "name",
  unit: "unit",
  value: "CASE WHEN unit = 'ratio' AND count(*) > 1 THEN NULL ELSE sum(value) END",
  apart: "name, unit,",
};
const SPEND: Source = {
  table: "spend",
  name: "'spend'",
  unit: "'micros'",
  value: "sum(amount_micros)::float8",
  apart: "",
};

/** By way of the days, which are few: a figure is found by its day. */
function linesOf(
  database: Database,
  workspaceId: WorkspaceId,
  { from, to, stream, by }: FigureQuery,
  source: Source,
): Promise<FigureLine[]> {
  return database.inWorkspace(workspaceId, async (transaction) => {
    await readByIndex(transaction);
    return transaction.query<FigureLine>(
      `SELECT connector, connection.name AS "connectionName", figures.stream, figures.account, figures.day::text AS day, part,
         figures.name, unit, currency, value, rows, flags, whole, settled
       FROM (
         SELECT ${KEYS}, figure_day.flags, whole, settled, dimensions ->> $5 AS part, ${source.name} AS name,
           ${source.unit} AS unit, currency, ${source.value} AS value, count(*) AS rows
         FROM figure_day JOIN ${source.table} USING (workspace_id, ${KEYS})
         WHERE workspace_id = $1 AND day BETWEEN $2::date AND $3::date AND ($4::text IS NULL OR stream = $4)
         GROUP BY ${KEYS}, figure_day.flags, whole, settled, part, ${source.apart} currency
       ) AS figures JOIN connection ON workspace_id = $1 AND connection.connection_id = figures.connection_id
       ORDER BY figures.day DESC, connector, "connectionName", figures.stream, figures.account, figures.name,
         value DESC NULLS LAST, part LIMIT ${MOST_LINES}`,
      [workspaceId, from, to, stream ?? null, by ?? null],
    );
  });
}

function daysOf(database: Database, workspaceId: WorkspaceId): Promise<FigureDays[]> {
  const flagged = figureFlag.options.map((flag) => `'${flag}', count(*) FILTER (WHERE '${flag}' = ANY(flags))`);
  return database.inWorkspace(workspaceId, (transaction) =>
    transaction.query<FigureDays>(
      `SELECT connection_id AS "connectionId", connector, name AS "connectionName", stream, account,
         min(day)::text AS first, max(day)::text AS last, count(*) AS days, max(day) - min(day) + 1 - count(*) AS missing,
         count(*) FILTER (WHERE NOT whole) AS partial, count(*) FILTER (WHERE NOT settled) AS unsettled,
         count(*) FILTER (WHERE corrections > 0) AS corrected, max(corrected_at) AS "correctedAt",
         jsonb_build_object(${flagged.join(", ")}) AS flagged
       FROM figure_day JOIN connection USING (workspace_id, connection_id) WHERE workspace_id = $1
       GROUP BY connection_id, connector, name, stream, account ORDER BY connector, name, stream, account`,
      [workspaceId],
    ),
  );
}
