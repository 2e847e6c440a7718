/** Is every workspace refreshed when it should be, and did a refresh never happen? */
import type { InstallationId } from "#profile/ids.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { globals } from "../context.ts";
import { lookAtSchedules, openEngine, repairSchedules } from "../engine.ts";
import { moments, plural } from "../output.ts";
import { fail, ok, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";

const CHECK = "schedules";

/** @param repair makes what is missing, and removes this installation's schedules of workspaces that are gone */
export async function scheduleFindings(
  deps: Dependencies,
  temporal: TemporalConfig,
  keys: MasterKeys,
  { installation, repair }: { installation: InstallationId; repair: boolean },
): Promise<Finding[]> {
  const all = await deps.connections.listWorkspaces();
  const engine = await openEngine(temporal, keys, installation).catch(() => null);
  if (engine === null) return [skip(CHECK, "need the workflow engine")];
  try {
    if (repair) await repairSchedules(engine.client, deps, all);
    const { missing, strays, earlier, records } = await lookAtSchedules(engine.client, deps, all);
    const named = (ids: readonly string[]) =>
      all.flatMap(({ workspaceId, slug }) => (ids.includes(workspaceId) ? [slug] : [])).join(", ");
    const wanted = (workspaceId: string) =>
      globals.workspace === undefined ||
      all.some((each) => each.workspaceId === workspaceId && each.slug === globals.workspace);
    return [
      missing.length + strays.length === 0
        ? ok(CHECK, `${plural(all.length, "workspace")} refreshed on schedule`)
        : fail(
            CHECK,
            [
              ...(missing.length > 0 ? [`no refresh is scheduled for ${named(missing)}`] : []),
              ...(strays.length > 0 ? [`${plural(strays.length, "schedule")} of workspaces that are gone`] : []),
            ].join("; "),
            "`tributary doctor --repair`",
          ),
      ...(earlier.length === 0
        ? []
        : [
            fail(
              "schedules of 0.1.0",
              `those of ${named(earlier)} are left as they are: nothing proves that they are not another installation's`,
              `if no other installation uses this namespace, delete them: ${earlier.map((id) => `temporal schedule delete --schedule-id refresh-schedule/${id}`).join("; ")}`,
            ),
          ]),
      ...records
        .filter(({ workspaceId, missed }) => missed > 0 && wanted(workspaceId))
        .map(({ workspaceId, missed, since }) =>
          ok(
            `refreshes of ${named([workspaceId])}`,
            `${plural(missed, "refresh", "refreshes")} never began since ${moments(since)}, Temporal being away for more than a day; ` +
              "the refresh after them read what was new",
          ),
        ),
    ];
  } finally {
    await engine.close();
  }
}
