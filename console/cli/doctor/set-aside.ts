/** Did a row break a step? */
import type { Dependencies } from "#workflows/dependencies.ts";
import { globals } from "../context.ts";
import { plural } from "../output.ts";
import { fail, ok } from "./finding.ts";
import type { Finding } from "./finding.ts";

export async function setAsideFindings(deps: Dependencies): Promise<Finding[]> {
  const all = await deps.connections.listWorkspaces();
  const wanted = all.filter(({ slug }) => globals.workspace === undefined || slug === globals.workspace);
  return Promise.all(
    wanted.map(async ({ workspaceId, slug }) => {
      const check = `rows of ${slug}`;
      const [first, ...others] = await deps.setAside.list(workspaceId);
      if (first === undefined) return ok(check, "none is set aside");
      return fail(
        check,
        `${plural(others.length + 1, "row")} broke a step and ${others.length === 0 ? "is" : "are"} set aside; the first, ` +
          `in ${first.step}: ${first.reason}`,
        "`tributary set-aside` lists them, `tributary set-aside --retry` tries them again",
      );
    }),
  );
}
