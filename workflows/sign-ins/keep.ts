/**
 * Looks after sign-ins that nobody uses: refreshes each at least daily, so that none lapses and one that was ended is noticed,
 * and tells vendors of those that are over. Every worker does; the lock on a sign-in lets one of them.
 */
import pMap from "p-map";
import { ConnectorError } from "#connectors/core/errors.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { Dependencies } from "../dependencies.ts";
import { noteRefusal } from "../open-connection.ts";
import { wayOf, type SignedInRow } from "./sign-ins.ts";

const EVERY_MS = 60_000;
const SIDE_BY_SIDE = 4;
const MOST = 200;
/** What could not be done is done later, and others have their turn. */
const AGAIN_MS = 10 * 60_000;

type Parts = Pick<Dependencies, "credentials" | "connections" | "signIns" | "now" | "log">;

/** @returns what ends it */
export function keepSignedIn(deps: Parts): { stop(): Promise<void> } {
  const look = () =>
    lookAfterSignIns(deps).catch((error: unknown) => {
      deps.log.warn({ err: error }, "sign-ins could not be looked after; tried again in a minute");
    });
  let atWork: Promise<unknown> = look();
  const timer = setInterval(() => {
    atWork = atWork.then(look);
  }, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await atWork;
    },
  };
}

/** @returns how many were due */
export async function lookAfterSignIns(deps: Parts): Promise<number> {
  const due = await deps.credentials.due(new Date(deps.now()), MOST);
  await pMap(due, ({ workspaceId, connectionId }) => lookAfter(deps, workspaceId, connectionId), {
    concurrency: SIDE_BY_SIDE,
  });
  return due.length;
}

async function lookAfter(
  deps: Parts,
  workspaceId: SignedInRow["workspaceId"],
  connectionId: SignedInRow["connectionId"],
): Promise<void> {
  const row = await deps.connections.get(workspaceId, connectionId);
  try {
    const stored = await deps.credentials.read(workspaceId, connectionId);
    if (stored?.kind !== "sign_in") return;
    if (stored.state === "live") await deps.signIns.renewDaily(row);
    else if (stored.expiresAt !== null && stored.expiresAt.getTime() <= deps.now())
      await giveUpOn(deps, row, stored.way);
    else await deps.signIns.revoke(row);
  } catch (error) {
    const refused = error instanceof ConnectorError ? error : null;
    deps.log.warn(
      {
        connectionId,
        workspaceId,
        ...(refused === null ? { err: error } : { kind: refused.kind, ...refused.details }),
      },
      refused?.message ?? "a sign-in could not be looked after",
    );
    if (refused?.kind === "auth") await noteRefusal(deps, row, refused, "sign-in");
    else await deps.credentials.postpone(workspaceId, connectionId, new Date(deps.now() + AGAIN_MS));
  }
}

async function giveUpOn(deps: Parts, row: SignedInRow, way: string): Promise<void> {
  const { title } = connectorOf(row.connector);
  await deps.credentials.remove(row.workspaceId, row.connectionId);
  const says = `${title} could not be told that the access has ended: end it there, in ${wayOf(row.connector, way).where}.`;
  deps.log.warn({ connectionId: row.connectionId, workspaceId: row.workspaceId }, says);
  await deps.connections.setStatus(row.workspaceId, row.connectionId, "disconnected", says, "sign-in");
}
