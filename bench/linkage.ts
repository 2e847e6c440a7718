/** `node bench/linkage.ts`: lists with known answers through the CSV import; who was found and who was mistaken for another. */
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { parse } from "csv-parse/sync";
import { readMasterKeys } from "#config.ts";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { csv } from "#connectors/csv/index.ts";
import { SENSITIVE_NAMES } from "#connectors/core/sensitive.ts";
import { recordIdOf, type RecordId } from "#profile/ids.ts";
import { clusterMetrics } from "#profile/identity/metrics.ts";
import { Scorer } from "#profile/identity/linkage/score.ts";
import { blockingKeysOf, LARGEST_BLOCK } from "#profile/identity/linkage/blocking.ts";
import type { LinkageFacts } from "#profile/identity/linkage/facts.ts";
import type { LinkageModel } from "#profile/identity/linkage/model.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { refreshStatistics } from "#profile/store/statistics.ts";
import { print, printTable, timed } from "./measure.ts";
import { withScratch, type Scratch } from "./scratch.ts";

const HELP = `Usage: node bench/linkage.ts --data FOLDER [--only NAME]

Imports lists with known answers as \`tributary import\` does (columns are guessed, sensitive ones are used), lets identity
come to its end, and compares profiles with the answers.

  --data FOLDER   holds fake_1000/, febrl/ and historical_people/ as their publishers wrote them
  --only NAME     one of: fake_1000, febrl1, febrl3, febrl4, historical

Pairs: by scores alone, at the threshold from which they join by themselves and at the one with the best F1.
Profiles: what came out, with rules and clustering. F and F3: of pairs and B-cubed.`;

interface List {
  files: string[];
  country: string;
  /** The person a row stands for. */
  personOf: (row: Record<string, string>) => string;
  /** The column that holds the row's id. */
  id: string;
  /** What another implementation of the same method found. */
  reference: string;
}

const febrl = (...files: string[]): Omit<List, "reference"> => ({
  files: files.map((file) => `febrl/${file}.csv`),
  country: "AU",
  id: "rec_id",
  personOf: (row) => row["rec_id"]?.split("-")[1] ?? "",
});

const lists: Record<string, List> = {
  fake_1000: {
    ...{ files: ["fake_1000/fake_1000.csv"], country: "GB", id: "unique_id" },
    personOf: (row) => row["cluster"] ?? "",
    reference: "best F1 .864; p>=.5: P 1.0 R .698",
  },
  febrl1: { ...febrl("dataset1"), reference: "p>=.5: P 1.0 R .998" },
  febrl3: { ...febrl("dataset3"), reference: "best F1 .996; p>=.9: P 1.0 R .977" },
  febrl4: { ...febrl("dataset4a", "dataset4b"), reference: "best F1 .9999" },
  historical: {
    ...{ files: ["historical_people/historical_people_dev.csv.gz"], country: "GB", id: "unique_id" },
    personOf: (row) => row["cluster"] ?? "",
    reference: "clusters P .995 R .804 F .889, B-cubed .896, largest 25",
  },
};

const { values } = parseArgs({
  options: { data: { type: "string" }, only: { type: "string" }, help: { type: "boolean" } },
});

async function main(): Promise<void> {
  if (values.help === true || values.data === undefined) return print(HELP);
  const folder = await mkdtemp(join(tmpdir(), "tributary-linkage-"));
  const rows: string[][] = [
    ["list", "records", "auto P", "auto R", "best F1", "profiles P", "R", "F", "F3", "largest", "seconds"],
  ];
  try {
    for (const [name, list] of Object.entries(lists)) {
      if (values.only !== undefined && values.only !== name) continue;
      if (!list.files.every((file) => existsSync(join(values.data ?? "", file)))) {
        print(`${name}: left out, its files are not in ${values.data}.`);
        continue;
      }
      rows.push(await withScratch((scratch) => measure(scratch, { name, list, folder })));
      print(`${name}: the reference has ${list.reference}`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  printTable(rows);
}

async function measure(
  { database, workspaceId }: Scratch,
  { name, list, folder }: { name: string; list: List; folder: string },
): Promise<string[]> {
  const keys = readMasterKeys({ TRIBUTARY_KEY: randomBytes(32).toString("base64") }, "");
  const ingest = createIngestStore(database, undefined, keys);
  const identity = createIdentityStore(database);
  await database.inWorkspace(workspaceId, (transaction) =>
    transaction.query("UPDATE workspace SET sensitive_facts = $2, default_country = $3 WHERE workspace_id = $1", [
      workspaceId,
      SENSITIVE_NAMES,
      list.country,
    ]),
  );
  const truth = new Map<RecordId, string>();
  const seconds = await timed(async () => {
    for (const [at, source] of list.files.entries()) {
      const raw = readFileSync(join(values.data ?? "", source));
      const path = join(folder, `${name}-${at}.csv`);
      await writeFile(path, source.endsWith(".gz") ? gunzipSync(raw) : raw);
      const options = { currency: "GBP", country: list.country, timeZone: "UTC", kind: "people" as const };
      const guess = await guessFile(path, { ...options, sensitive: new Set(SENSITIVE_NAMES) });
      const file = await csvFileOf(path, guess);
      if (at === 0)
        print(
          `${name}: ${Object.entries(file.mapping)
            .map(([field, columns]) => `${field}=${columns?.join("+")}`)
            .join(" ")}`,
        );
      const { connectionId } = await createConnectionStore(database).upsertConnection(
        workspaceId,
        { connector: "csv", name: `${name}-${at}` },
        "bench",
      );
      const open = csv.open({
        ...{ settings: { files: [file] }, credentials: {}, baseUrl: "", now: () => 0 },
        call: (_bucket, _operation, send) => send(new AbortController().signal),
      });
      let from: unknown = null;
      for await (const page of open.read("people", null)) {
        await ingest.savePage(workspaceId, { connectionId, stream: "people", from, page });
        from = page.next;
      }
      const parsed: Record<string, string>[] = parse(readFileSync(path), { columns: true, trim: true, bom: true });
      for (const row of parsed) truth.set(recordIdOf(connectionId, "people", row[list.id] ?? ""), list.personOf(row));
      for (let more = true; more;) {
        ({ more } = await identity.resolveBatch(workspaceId, { limit: 2_000 }));
        await refreshStatistics(database);
      }
    }
  });
  const ask = <Row extends Record<string, unknown>>(sql: string) =>
    database.inWorkspace(workspaceId, (transaction) => transaction.query<Row>(sql, [workspaceId]));
  const members = await ask<{ record: RecordId; profile: string }>(
    "SELECT record_id AS record, profile_id AS profile FROM membership WHERE workspace_id = $1",
  );
  // An id such as 0 is no id to the import: such a row has no answer here.
  const lost = [...truth.keys()].filter((id) => !members.some(({ record }) => record === id)).length;
  if (lost > 0) print(`${name}: ${lost} rows became no record of their own`);
  const clusters = clusterMetrics(new Map(members.map(({ record, profile }) => [record, profile])), truth);
  const facts = await ask<{ record: RecordId; facts: LinkageFacts }>(
    "SELECT record_id AS record, facts FROM linkage_record WHERE workspace_id = $1 ORDER BY record_id",
  );
  const [{ model } = {}] = await ask<{ model: LinkageModel }>(
    "SELECT model FROM linkage_model WHERE workspace_id = $1 AND state = 'active'",
  );
  const pairs = model === undefined ? undefined : pairMetrics(facts, model, truth);
  return [
    name,
    String(members.length),
    ...(pairs === undefined ? ["-", "-", "-"] : [share(pairs.precision), share(pairs.recall), share(pairs.best)]),
    ...[clusters.pairPrecision, clusters.pairRecall].map(share),
    share(harmonic(clusters.pairPrecision, clusters.pairRecall)),
    share(harmonic(clusters.bCubedPrecision, clusters.bCubedRecall)),
    String(clusters.largestCluster),
    (seconds / 1000).toFixed(0),
  ];
}

/** By scores alone, without rules and clustering; recall is of all true pairs, whether or not keys reached them. */
function pairMetrics(
  records: readonly { record: RecordId; facts: LinkageFacts }[],
  model: LinkageModel,
  truth: ReadonlyMap<RecordId, string>,
): { precision: number; recall: number; best: number } {
  const scorer = new Scorer(
    records.map(({ facts }) => facts),
    model,
  );
  const blocks = new Map<string, number[]>();
  records.forEach(({ facts }, at) => {
    for (const key of blockingKeysOf(facts)) blocks.set(key, [...(blocks.get(key) ?? []), at]);
  });
  const scored = new Map<number, { weight: number; alone: boolean; right: boolean }>();
  for (const block of blocks.values()) {
    if (block.length > LARGEST_BLOCK) continue;
    for (const [at, a] of block.entries()) {
      for (const b of block.slice(at + 1)) {
        if (scored.has(a * records.length + b)) continue;
        const { weight, joins } = scorer.score(a, b);
        const [one, other] = [a, b].map((at) => truth.get(records[at]?.record ?? ("" as RecordId)));
        if (one === undefined || other === undefined) continue;
        scored.set(a * records.length + b, {
          weight,
          alone: joins === "alone",
          right: one === other,
        });
      }
    }
  }
  let all = 0;
  for (const people of Map.groupBy(truth.values(), (person) => person).values())
    all += (people.length * (people.length - 1)) / 2;
  const ordered = [...scored.values()].toSorted((x, y) => y.weight - x.weight);
  const alone = ordered.filter((pair) => pair.alone);
  const right = alone.filter((pair) => pair.right).length;
  let [found, best] = [0, 0];
  ordered.forEach((pair, at) => {
    if (pair.right) found++;
    best = Math.max(best, harmonic(found / (at + 1), found / all));
  });
  return { precision: alone.length === 0 ? 1 : right / alone.length, recall: right / all, best };
}

const harmonic = (a: number, b: number): number => (a + b === 0 ? 0 : (2 * a * b) / (a + b));
const share = (value: number): string => value.toFixed(4);

await main();
