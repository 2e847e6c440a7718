/** How webhooks arrive for each connection, at which address, and the secrets that connections have of their own. */
import { secretsIn, webhookSecrets } from "#connectors/core/webhooks.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { Refused } from "#profile/store/webhooks/inbox.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { Refusal } from "./refusal.ts";

type Stores = Pick<Dependencies, "connections" | "credentials" | "inbox" | "due">;
type Told = Pick<Refused, "reason" | "requests"> & { lastAt: Date };

export interface ConnectionWebhooks {
  connectionId: ConnectionId;
  connector: string;
  name: string;
  /** Where the vendor can send them: for this account alone, and for an app that serves all accounts. */
  ownAddress: string;
  appAddress: string;
  /** How many the connection has of its own; null: it is signed in, and the app's secret serves. */
  secrets: number | null;
  /** Environment variable of worker and console with the app's. */
  appSecretIn: string;
  where: string;
  /** Null: none has ever arrived. */
  arrived: { events: number; repeated: number; firstAt: Date; lastAt: Date } | null;
  /** Records that are yet to be read because of them. */
  waiting: { records: number; since: Date } | null;
  /** At its own address. */
  refused: Told[];
  /** At the address of the app, whoever's they were. */
  refusedAtApp: Told[];
}

/** Of the connections whose tool sends any. @param publicUrl where vendors reach the console */
export async function webhooksOf(
  { connections, credentials, inbox, due }: Stores,
  workspaceId: WorkspaceId,
  publicUrl: string,
): Promise<ConnectionWebhooks[]> {
  const [all, arrivals, waiting, refusals] = await Promise.all([
    connections.listConnections(workspaceId),
    inbox.arrivals(workspaceId),
    due.waiting(workspaceId),
    inbox.refused(),
  ]);
  const base = `${publicUrl.replace(/\/$/, "")}/webhooks`;
  return Promise.all(
    all.flatMap(({ connector, connectionId, name, status }) => {
      const { webhooks } = connectorOf(connector);
      if (webhooks === undefined || status === "disconnected") return [];
      const told = (at: ConnectionId | null) =>
        refusals
          .filter((one) => one.connector === connector && one.connectionId === at)
          .map(({ reason, requests, lastAt }) => ({ reason, requests, lastAt }));
      const read = async (): Promise<ConnectionWebhooks> => {
        const stored = await credentials.read(workspaceId, connectionId);
        const arrived = arrivals.find((one) => one.connectionId === connectionId);
        const left = waiting.find((one) => one.connectionId === connectionId);
        return {
          ...{ connectionId, connector, name },
          ...{ ownAddress: `${base}/${connector}/${connectionId}`, appAddress: `${base}/${connector}` },
          secrets: stored?.kind === "sign_in" ? null : secretsIn(stored?.credentials).length,
          ...{ appSecretIn: webhooks.env, where: webhooks.where },
          arrived:
            arrived === undefined
              ? null
              : {
                  ...{ events: arrived.events, repeated: arrived.repeated },
                  ...{ firstAt: arrived.firstAt, lastAt: arrived.lastAt },
                },
          waiting: left === undefined ? null : { records: left.records, since: left.since },
          ...{ refused: told(connectionId), refusedAtApp: told(null) },
        };
      };
      return read();
    }),
  );
}

/**
 * Keeps a secret with the connection's credentials, before those it has: while the vendor goes over from one to the other, both
 * are good.
 *
 * @param only the others are forgotten
 * @returns how many there are now
 * @throws Refusal when the tool sends no webhooks, or the connection has no credentials of its own to keep it with
 */
export async function keepWebhookSecret(
  { credentials }: Pick<Stores, "credentials">,
  { workspaceId, connectionId, connector, name }: Connection,
  secret: string,
  { only }: { only: boolean },
): Promise<number> {
  const { webhooks, title } = connectorOf(connector);
  if (webhooks === undefined) throw new Refusal(`${title} sends no webhooks that are of use here.`, "words");
  const stored = await credentials.read(workspaceId, connectionId);
  if (stored?.kind === "sign_in")
    throw new Refusal(
      `"${name}" is signed in by an app, whose secret signs: set it in ${webhooks.env} for the console.`,
      "state",
    );
  if (stored === null) throw new Refusal(`"${name}" has no credentials: connect it first.`, "state");
  const known = secretsIn(stored.credentials).filter((other) => other !== secret);
  const parsed = webhookSecrets.safeParse(only ? [secret] : [secret, ...known].slice(0, 4));
  if (!parsed.success || parsed.data === undefined)
    throw new Refusal("A signing secret has 8 to 512 characters: copy it anew and whole.", "words");
  await credentials.put(workspaceId, connectionId, { ...Object(stored.credentials), webhookSecrets: parsed.data });
  return parsed.data.length;
}
