import { startTestServer } from "./server.ts";
import { migrate } from "#prisma/migrate.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createIngestStore } from "#profile/store/ingest.ts";
import { preparePage } from "#profile/store/prepare.ts";
import { person, order, page } from "./records.ts";
const server = await startTestServer();
try {
  const { appUrl } = await migrate(server.url);
  const database = openDatabase(appUrl);
  const connections = createConnectionStore(database);
  const { workspaceId } = await connections.createWorkspace({ slug: "b", name: "b", defaultCountry: "GB", currency: "GBP", timeZone: "UTC" });
  const { connectionId } = await connections.upsertConnection(workspaceId, { connector: "csv", name: "x" }, "t");
  const ingest = createIngestStore(database);
  const size = Number(process.argv[2] ?? 5000), total = 60000;
  for (const [what, make] of [["person", (i: number) => person(String(i), { phones: ["+44 7700 900" + i], city: "Leeds", externalIds: [{kind:"loyalty_id", value: "L"+i, scope:"workspace"}] })], ["order", (i: number) => order("o"+i, String(i % 10000))]] as const) {
    const pages = Array.from({ length: total / size }, (_, p) => page(Array.from({ length: size }, (_, i) => make(p * size + i))));
    let t = performance.now();
    for (const p of pages) preparePage({ connectionId, stream: what }, p);
    console.log(what, "prepare only", Math.round(total / (performance.now() - t) * 1000), "/s");
    for (const round of ["insert", "unchanged", "full re-read", "changed"]) {
      let from: unknown = null;
      if (round !== "insert") from = { after: "1" };
      if (round === "full re-read") { await ingest.resetCursor(workspaceId, connectionId, what); from = null; }
      if (round === "changed") for (const p of pages) for (const r of p.records) { r.updatedAt = "2026-08-01T00:00:00Z"; if (r.kind === "person") r.firstName = "X"; if (r.kind === "order") r.amountMinor = 1; }
      t = performance.now();
      for (const p of pages) { const r = await ingest.savePage(workspaceId, { connectionId, stream: what, from, page: { ...p, atEnd: round !== "full re-read" || p === pages.at(-1), fullScan: round === "full re-read" && p === pages.at(-1) } }); if (r.outcome !== "saved") throw new Error(); from = { after: "1" }; }
      console.log(what, round, Math.round(total / (performance.now() - t) * 1000), "/s");
    }
  }
  await database.close();
} finally { await server.stop(); }
