import type { WorkspaceId } from "#profile/ids.ts";
import type { ConnectionStore } from "#profile/store/connections.ts";
import { globals } from "./context.ts";
import { CommandFailure } from "./failure.ts";

/** All of them, or the one that --workspace names. */
export async function chosenWorkspaces(
  connections: ConnectionStore,
): Promise<{ workspaceId: WorkspaceId; slug: string }[]> {
  const all = await connections.listWorkspaces();
  if (globals.workspace === undefined) return all;
  const named = all.filter(({ slug }) => slug === globals.workspace);
  if (named.length === 0)
    throw new CommandFailure(`There is no such workspace; there are: ${all.map(({ slug }) => slug).join(", ")}.`, 3);
  return named;
}
