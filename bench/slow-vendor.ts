/** `node bench/slow-vendor.ts`: a tool that allows few calls is read, planned for and written to, and with how many calls. */
import { setTimeout as sleep } from "node:timers/promises";
import type { PlanId, WorkspaceId } from "#profile/ids.ts";
import { milliseconds, print, printHeading, printTable, readOptions, timed } from "./measure.ts";
import { openBench } from "./workspace-stack.ts";

const HELP = `Usage: node bench/slow-vendor.ts [--contacts N] [--calls N]

One HubSpot account that allows few calls and has not said so: its contacts are read, compared, written and read back. The
stand-in counts the calls; beside them stands what the vendor's batches of a hundred take at least.

  --contacts N   contacts of the account (default 13000, which takes a minute and a half)
  --calls N      calls that it allows in any ten seconds (default 100, as a Free account has it)`;

/** Records to a call. */
const BATCH = 100;

const options = readOptions(HELP, { contacts: 13_000, calls: 100 });
const bench = await openBench();
try {
  printHeading(`${options.contacts} contacts, ${options.calls} calls in ten seconds`);
  const workspace = await bench.addWorkspace("slow", options.contacts, { callsPerTenSeconds: options.calls });
  const { workspaceId, hubspot } = workspace;
  const startedAt = performance.now();
  const refreshed = await timed(() => bench.engine.refresh(workspaceId));
  const { planId, digest } = await planned(workspaceId);
  const read = performance.now() - startedAt;
  const written = await timed(async () => {
    await bench.engine.approve(planId, "bench", digest);
    await bench.engine.finished(planId);
  });
  const ended = await bench.deps.plans.show(workspaceId, planId, { sample: 1 });
  print(`The refresh ended after ${milliseconds(refreshed)}: it does not wait longer for a tool`);
  print(`Read, compared and planned: ${milliseconds(read)}; written and read back: ${milliseconds(written)}`);
  print(`The plan is ${ended?.status}: ${ended?.compared} compared, ${ended?.counts["applied"] ?? 0} applied`);
  const once = Math.ceil(options.contacts / BATCH);
  const made = (operation: string) => String(hubspot.requests.get(operation) ?? 0);
  const refused = [...hubspot.answers].reduce((sum, [answer, count]) => sum + (answer.endsWith(" 429") ? count : 0), 0);
  printTable([
    ["calls", "made", "at least"],
    ["contacts listed", made("GET /crm/v3/objects/contacts"), String(once)],
    ["subscriptions read", made("POST /communication-preferences/v4/statuses/batch/read"), String(once)],
    ["contacts compared and read back", made("POST /crm/v3/objects/contacts/batch/read"), String(2 * once)],
    ["contacts written", made("POST /crm/v3/objects/contacts/batch/update"), String(once)],
    ["of all calls refused", String(refused), "0"],
  ]);
} finally {
  await bench.close();
}

/** What a refresh does not wait for goes on by itself. */
async function planned(workspaceId: WorkspaceId): Promise<{ planId: PlanId; digest: string }> {
  for (;;) {
    const plan = (await bench.deps.plans.list(workspaceId, 1))[0];
    if (plan?.status === "waiting" && plan.digest !== null) return { planId: plan.planId, digest: plan.digest };
    await sleep(500);
  }
}
