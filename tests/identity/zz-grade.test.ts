import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { grade } from "#stack/demo-shop/grade/grade.ts";
import { readTruth, recordKey } from "#stack/demo-shop/grade/truth.ts";
import { createTestDatabase } from "#tests/support/database.ts";
import { openShopLoop } from "#tests/demo-shop/shop-loop.ts";
it("g", { timeout: 600000 }, async () => {
  const test = await createTestDatabase();
  const facts = { seed: 1, customers: Number(process.env.CUST ?? 2000), now: Date.parse("2026-11-22T10:00:00Z") };
  const loop = await openShopLoop(mkdtempSync(join(tmpdir(), "g-")), facts, test);
  await loop.pull();
  let t = performance.now();
  await loop.compute();
  console.log("compute ms", performance.now() - t);
  const r = await grade({ database: test.database, workspaceId: test.workspaceId, truthFolder: loop.truthFolder, twins: { hubspot: null, stripe: null } });
  console.log(JSON.stringify({ ...r, fields: undefined }, null, 1));
  const truth = await readTruth(loop.truthFolder);
  const rows = await test.database.inWorkspace(test.workspaceId, (x) => x.query<any>(`SELECT c.connector, s.stream, s.vendor_id, s.data, m.profile_id, s.deleted, (select json_agg(json_build_object('k',i.kind,'v',i.value,'q',i.quality)) from identifier i where i.workspace_id=$1 and i.record_id = s.record_id) ids FROM membership m JOIN source_record s USING (workspace_id, record_id) JOIN connection c USING (workspace_id, connection_id) WHERE m.workspace_id=$1`, [test.workspaceId]));
  const items = rows.map((w) => ({ ...w, t: truth.records.get(recordKey(w.connector, w.stream, w.vendor_id)) })).filter((w) => w.t?.person && w.t.traceable);
  const show = (w: any) => `${w.connector}/${w.stream} p=${w.t.person} prof=${w.profile_id.slice(0, 8)} ${w.t.state} "${w.data.firstName} ${w.data.lastName}" ${w.data.postcode} ${(w.ids ?? []).map((i: any) => `${i.k}=${i.v}(${i.q[0]})`).join(" ")}`;
  let n = 0;
  for (const [, g] of Map.groupBy(items, (w) => w.profile_id)) if (new Set(g.map((w) => w.t.person)).size > 1 && n++ < 15) console.log("WRONG MERGE\n  " + g.map(show).join("\n  "));
  n = 0;
  for (const [, g] of Map.groupBy(items, (w) => w.t.person)) if (new Set(g.map((w) => w.profile_id)).size > 1 && n++ < 30) console.log("MISSED\n  " + g.map(show).join("\n  "));

  const { readStored } = await import("#stack/demo-shop/grade/stored.ts");
  const stored = await readStored(test.database, test.workspaceId);
  const { usesOf } = await import("#profile/plan/fields.ts");
  for (const [prof, g] of Map.groupBy(rows.map((w) => ({ ...w, t: truth.records.get(recordKey(w.connector, w.stream, w.vendor_id)) })), (w) => w.profile_id)) {
    const action = (stored.traitsOf.get(prof) as any)?.["next_best_action"]?.value ?? (stored.traitsOf.get(prof) as any)?.["tributary_next_best_action"]?.value;
    if (typeof action !== "string" || !/email|sms/.test(action)) continue;
    const ch = /sms/.test(action) ? "sms" : "email";
    const persons = new Set(g.filter((w) => w.t?.person && w.t.state === "live").map((w) => w.t!.person!));
    const bad = [...persons].filter((p) => !truth.maySend(p, ch as any));
    if (bad.length === 0) continue;
    console.log("VIOLATION", prof.slice(0, 8), action, bad.join());
    for (const p of persons) for (const w of rows.filter((w) => truth.records.get(recordKey(w.connector, w.stream, w.vendor_id))?.person === p)) {
      const c = await test.database.inWorkspace(test.workspaceId, (x) => x.query<any>("select address, channel, purpose, state, explicit, effective_at::date::text d from consent_entry where workspace_id=$1 and record_id = (select record_id from source_record s join connection c using (workspace_id, connection_id) where s.workspace_id=$1 and c.connector=$2 and s.stream=$3 and s.vendor_id=$4) order by effective_at", [test.workspaceId, w.connector, w.stream, w.vendor_id]));
      console.log("    ", show({ ...w, t: { person: p, state: w.deleted } }), JSON.stringify(c.map((e) => Object.values(e).join(" "))));
    }
  }
  await loop.close(); await test.drop(); expect(1).toBe(1);
});
