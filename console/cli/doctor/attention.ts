/** Is something stuck, late or failing? */
import type { MasterKeys } from "#profile/store/credentials.ts";
import { findConditions } from "#workflows/attention/find.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { attentionTitle } from "../../attention.ts";
import { globals } from "../context.ts";
import { withTemporal } from "../engine.ts";
import { fail, ok } from "./finding.ts";
import type { Finding } from "./finding.ts";

/** Told by the look at the tools and at the plans themselves. */
const TOLD_ELSEWHERE: readonly string[] = ["needs_reconnect", "stream_held", "plan_stranded"];

export async function attentionFindings(
  deps: Dependencies,
  temporal: TemporalConfig,
  keys: MasterKeys,
): Promise<Finding[]> {
  const all = await deps.connections.listWorkspaces();
  const wanted = all.filter(({ slug }) => globals.workspace === undefined || slug === globals.workspace);
  return withTemporal(temporal, keys, async (open) => {
    const found = await Promise.all(
      wanted.map(async (workspace): Promise<Finding[]> => {
        const conditions = (await findConditions(deps, open, workspace)).filter(
          ({ kind }) => !TOLD_ELSEWHERE.includes(kind),
        );
        if (conditions.length === 0) return [ok(`work of ${workspace.slug}`, "nothing is stuck, late or failing")];
        return conditions.map(({ kind, says, todo }) => fail(`${attentionTitle(kind)}, ${workspace.slug}`, says, todo));
      }),
    );
    return found.flat();
  });
}
