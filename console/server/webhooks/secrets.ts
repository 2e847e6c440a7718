/** What a request is checked with, and whose it then is. */
import type { Connector } from "#connectors/core/contract.ts";
import { secretsFrom, secretsIn } from "#connectors/core/webhooks.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { WebhookInbox } from "#profile/store/webhooks/inbox.ts";

/** Who signs requests to an address. */
export interface Sender {
  secrets: readonly string[];
  /** Of a connection's own address; null: the events say so. */
  account: string | null;
}

export interface SenderStores {
  inbox: Pick<WebhookInbox, "find">;
  /** Decrypted. */
  credentials: { get(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<unknown> };
}

/** A secret entered on the command line works within this time. */
const KNOWN_MS = 5_000;
const MOST_KNOWN = 1_000;

export interface Senders {
  /** Of the address that serves all accounts. */
  ofApp(connector: Connector): Sender;
  /** Of a connection's own address; null: there is none. */
  ofConnection(connector: Connector, connectionId: ConnectionId): Promise<Sender | null>;
}

export function findSenders(
  { inbox, credentials }: SenderStores,
  environment: Readonly<Record<string, string | undefined>>,
  now: () => number,
): Senders {
  const known = new Map<ConnectionId, { sender: Promise<(Sender & { connector: string }) | null>; until: number }>();

  async function read(connectionId: ConnectionId): Promise<(Sender & { connector: string }) | null> {
    const place = await inbox.find(connectionId);
    if (place === null) return null;
    const { workspaceId, connector, account } = place;
    return { connector, account, secrets: secretsIn(await credentials.get(workspaceId, connectionId)) };
  }

  const ofApp = ({ webhooks }: Connector): Sender => ({
    secrets: webhooks === undefined ? [] : secretsFrom(webhooks, environment),
    account: null,
  });

  return {
    ofApp,
    async ofConnection(connector, connectionId) {
      let entry = known.get(connectionId);
      if (entry === undefined || entry.until < now()) {
        if (known.size >= MOST_KNOWN) known.clear();
        entry = { sender: read(connectionId), until: now() + KNOWN_MS };
        known.set(connectionId, entry);
        entry.sender.catch(() => known.delete(connectionId));
      }
      const sender = await entry.sender;
      if (sender?.connector !== connector.id) return null;
      // An operator who makes the endpoints of many accounts may give them one secret.
      return { ...sender, secrets: [...sender.secrets, ...ofApp(connector).secrets] };
    },
  };
}
