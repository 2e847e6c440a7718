import type { Config } from "#config.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { openEngine, type Engine } from "#workflows/client.ts";
import type { Dependencies } from "#workflows/dependencies.ts";

/** Connects when there is first something to tell, and again after that has failed: the pages do without Temporal. */
export function tellTemporal(
  { temporal, masterKeys }: Pick<Config, "temporal" | "masterKeys">,
  { installation }: Pick<Dependencies, "installation">,
): { webhooksArrived(workspaceId: WorkspaceId): Promise<void>; close(): Promise<void> } {
  let engine: Promise<Engine> | null = null;
  const open = async () => openEngine(temporal, masterKeys, (await installation.get()).installationId);
  return {
    async webhooksArrived(workspaceId) {
      engine ??= open();
      try {
        await (await engine).webhooksArrived(workspaceId);
      } catch (error) {
        const failed = engine;
        engine = null;
        void failed?.then((opened) => opened.close()).catch(() => undefined);
        throw error;
      }
    },
    close: async () => {
      await engine?.then((opened) => opened.close()).catch(() => undefined);
    },
  };
}
