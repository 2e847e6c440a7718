/** Forecasts of what is ahead: reading each tool, and writing the plans that wait. */
import type { Forecast, Foretold } from "#connectors/core/forecast.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { foretellReads, foretellWrite } from "#workflows/forecast/foretell.ts";
import { budgetOf, isUsable, openConnection } from "#workflows/open-connection.ts";

export interface AheadOfTool {
  connector: string;
  name: string;
  reads: { stream: string; isFirst: boolean; foretold: Foretold }[];
  /** Those of which something is known, read side by side. */
  together: Forecast | null;
  writes: { planId: string; changes: number; foretold: Foretold }[];
}

/** For a person who waits: a vendor that does not answer is given up. */
const PATIENCE_MS = 30_000;

export async function forecastsOf(
  stores: Dependencies,
  workspaceId: WorkspaceId,
  wanted: (connection: Connection) => boolean,
): Promise<AheadOfTool[]> {
  const all = await stores.connections.listConnections(workspaceId);
  const plans = (await stores.plans.list(workspaceId, 100)).filter(({ status }) => status === "waiting");
  const ahead: AheadOfTool[] = [];
  for (const row of all.filter((each) => makesCalls(each) && isUsable(each) && wanted(each)))
    ahead.push({
      ...{ connector: row.connector, name: row.name, ...(await reads(stores, row)) },
      writes: await Promise.all(
        plans
          .filter(({ connectionId }) => connectionId === row.connectionId)
          .map(async (plan) => ({
            ...{ planId: plan.planId, changes: plan.changes },
            foretold: await forecastOfPlan(stores, workspaceId, plan),
          })),
      ),
    });
  return ahead;
}

/** Files are read without calls. */
const makesCalls = ({ connector }: Connection): boolean => connectorOf(connector).baseUrl !== null;

async function reads(stores: Dependencies, row: Connection): Promise<Pick<AheadOfTool, "reads" | "together">> {
  const { streams, isIdle } = connectorOf(row.connector);
  const cursors = new Map(
    (await stores.ingest.cursors(row.workspaceId)).map((at) => [`${at.connectionId} ${at.stream}`, at.cursor]),
  );
  const names = Object.keys(streams).filter(
    (stream) => !isIdle(stream, row.settings, cursors.get(`${row.connectionId} ${stream}`) ?? null),
  );
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const opened = await openConnection(stores, row.workspaceId, row.connectionId, signal);
    const { streams: told, together } = await foretellReads(stores, row, opened, names);
    return { reads: told, together };
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    const foretold = { unknown: error.message };
    return { reads: names.map((stream) => ({ stream, isFirst: false, foretold })), together: null };
  }
}

/** Without asking the tool: the plan says how much there is to write. */
export async function forecastOfPlan(
  stores: Dependencies,
  workspaceId: WorkspaceId,
  { connectionId, changes, destinationRecords: records }: PlanSummary,
): Promise<Foretold> {
  const row = await stores.connections.get(workspaceId, connectionId);
  const stored = await stores.credentials.read(workspaceId, connectionId);
  const { appOf } = connectorOf(row.connector);
  const account = budgetOf(stores, row, stored?.kind === "key" ? appOf(stored.credentials) : null);
  const destination = (await stores.plans.destinations(workspaceId)).find((each) => each.connectionId === connectionId);
  const fields = destination?.fields.length ?? 0;
  // By the time somebody has approved it, what was compared is no news any more.
  return foretellWrite(stores, workspaceId, account, { changes, records, fields, fresh: false });
}
