import { connectors } from "#connectors/registry.ts";
import type { Logger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { createIntake } from "./intake.ts";
import { countRefusals } from "./refusals.ts";
import type { WebhookRoutes } from "./routes.ts";
import { findSenders } from "./secrets.ts";
import { tellOf } from "./tell.ts";

export interface OpenWebhooks {
  routes: WebhookRoutes;
  /** After the last request was answered. */
  close(): Promise<void>;
}

/**
 * Everything between the routes and the stores.
 *
 * @param send tells Temporal that a workspace has news
 */
export function openWebhooks(
  { inbox, credentials, now }: Pick<Dependencies, "inbox" | "credentials" | "now">,
  options: {
    log: Logger;
    publicUrl: string | null;
    environment: Readonly<Record<string, string | undefined>>;
    send(workspaceId: WorkspaceId): Promise<void>;
  },
): OpenWebhooks {
  const { log, publicUrl, environment, send } = options;
  const teller = tellOf(send, log);
  const refusals = countRefusals(inbox, log);
  const intake = createIntake({
    receive: (events) => inbox.receive(events),
    onReceived({ workspaces, unknown }) {
      teller.tell(workspaces);
      for (const { connector, events } of unknown)
        refusals.note({ connector, connectionId: null, reason: "unknown account" }, events);
    },
  });
  const senders = findSenders({ inbox, credentials }, environment, now);
  return {
    routes: { connectors, senders, intake, refusals, publicUrl, now, log },
    close: async () => {
      await intake.close();
      await Promise.all([refusals.close(), teller.close()]);
    },
  };
}
