/**
 * Records the histories of the release to come: `node tests/replay/record.ts 0.2.0`.
 *
 * They are replayed from then on, beside those of every release before it; what a release has recorded is never recorded
 * again. A replay that fails is a finding (docs/decisions/019), not a reason to record anew.
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { Client } from "pg";
import { exportHistories } from "#tests/support/histories.ts";
import { approveAll, startTestLoop } from "#tests/support/loop.ts";
import { contactIdOf, smallShop } from "#tests/support/people.ts";
import { REPLAY_KEY } from "./key.ts";
import { folderOf, refuseReleased } from "./releases.ts";

const version = process.argv[2] ?? "";
refuseReleased(version);
const folder = folderOf(version);

const loop = await startTestLoop({ durable: "postgres", key: REPLAY_KEY });
try {
  const { hubspot, stripe, engine, deps, workspaceId, test } = loop;
  const shop = smallShop({ people: 30, now: Date.now() });
  hubspot.load(shop.hubspot);
  stripe.load(shop.stripe);

  // Waits for approval, is approved, has a record to try again; then a plan that goes ahead by itself.
  stripe.faults.lockTimeoutNext = 10;
  await loop.refresh();
  await approveAll(loop);
  hubspot.change("contacts", contactIdOf(1), { phone: "+447911123456" });
  stripe.addCharge({
    ...{ id: "ch_late", customer: "cus_000000", receiptEmail: null, amount: 9_900, amountRefunded: 0 },
    billing: { email: null, name: null, phone: null, country: null, postcode: null },
    ...{
      currency: "gbp",
      status: "succeeded",
      cardPresent: false,
      fingerprint: null,
      createdAt: new Date().toISOString(),
    },
  });
  await loop.refresh();

  const plans = await deps.plans.list(workspaceId, 50);
  const first = plans.filter(({ connector }) => connector === "hubspot").at(-1);
  if (first === undefined) throw new Error("There must be a plan.");
  const { planId, connectionId, connector } = first;
  await engine.undo({ workspaceId, planId, connectionId, connector, actor: "test" });

  // A position the vendor no longer knows, then a token it no longer takes.
  const owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  await owner.query(`UPDATE stream_state SET cursor = '"forgotten"' WHERE stream = 'contacts'`);
  await owner.end();
  await loop.refresh();
  hubspot.faults.revoked = true;
  await loop.refresh();

  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const seen = new Set<string>();
  for (const { type, json } of await exportHistories(engine.client, loop.names.engineQueue)) {
    // Of the many streams' histories those that went differently: as many activities, as many failures.
    const { events } = JSON.parse(json) as { events: { eventType: string }[] }; // Temporal's own format.
    const shape = `${type} ${events.map(({ eventType }) => eventType).join()}`;
    if (seen.has(shape)) continue;
    seen.add(shape);
    const number = [...seen].filter((known) => known.startsWith(`${type} `)).length;
    const unnamed = JSON.stringify(JSON.parse(json)).replaceAll(`@${hostname()}`, "@worker");
    writeFileSync(`${folder}${type}-${number}.json`, `${unnamed}\n`);
  }
  process.stdout.write(`${seen.size} histories recorded in ${folder}\n`);
} finally {
  await loop.stop();
}
