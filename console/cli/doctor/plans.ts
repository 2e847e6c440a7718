/** Is every plan that was begun being carried out? */
import { connectorOf } from "#connectors/registry.ts";
import type { Engine } from "#workflows/client.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { globals } from "../context.ts";
import { heldUpPlans } from "../held-up-plans.ts";
import { fail, ok, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";

const CHECK = "plans";

/** @param openEngine null: Temporal cannot be asked, which is a finding of its own */
export async function planFindings(
  { connections, plans }: Pick<Dependencies, "connections" | "plans">,
  openEngine: (() => Promise<Engine>) | null,
): Promise<Finding[]> {
  if (openEngine === null) return [skip(CHECK, "needs the workflow engine")];
  let engine: Promise<Engine> | undefined;
  const open = () => (engine ??= openEngine());
  try {
    const wanted = (await connections.listWorkspaces()).filter(
      ({ slug }) => globals.workspace === undefined || slug === globals.workspace,
    );
    const held = await Promise.all(wanted.map(({ workspaceId }) => heldUpPlans(plans, workspaceId, open)));
    const findings = held
      .flat()
      .map(({ planId, connector, says, todo }) =>
        fail(`plan ${planId.slice(0, 8)} for ${connectorOf(connector).title}`, says, todo),
      );
    return findings.length > 0 ? findings : [ok(CHECK, "none that was begun is held up")];
  } catch (error) {
    return [skip(CHECK, `Temporal could not be asked: ${error instanceof Error ? error.message : String(error)}`)];
  } finally {
    await (await engine?.catch(() => undefined))?.close();
  }
}
