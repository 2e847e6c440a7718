/** Puts the shop where it belongs: the tools' seeds to whoever takes them, CSV exports and the truth into files. */
import { once } from "node:events";
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  type WriteStream,
} from "node:fs";
import { join } from "node:path";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import type { Ga4Seed } from "#connectors/ga4/twin/account.ts";
import type { GoogleAdsSeed } from "#connectors/google-ads/twin/seed.ts";
import type { HubspotSeed } from "#connectors/hubspot/twin/seed.ts";
import type { KlaviyoSeed } from "#connectors/klaviyo/twin/seed.ts";
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";
import { SITE_USERS, SITE_USER_COLUMNS } from "./accounts.ts";
import { adsAccount, adsFigures } from "./ads.ts";
import { generateCustomers, type Customer, type TrueCounts } from "./customer.ts";
import { defaultRates, type Rates } from "./rates.ts";
import { PEOPLE_HEADER, SALES_HEADER } from "./till.ts";
import { figuresTruth, type TrueFigure } from "./true-figures.ts";
import { siteHits } from "./visits.ts";

/** Customers handled at once; memory is what they take. */
const BATCH = 2_000;

/** What a folder's files were made from; written when they are complete. */
const shopFacts = z.object({ seed: z.number().int(), customers: z.number().int().positive(), now: z.number().int() });
export type ShopFacts = z.infer<typeof shopFacts>;
/** A shop of another edition has other files. */
const shopFile = shopFacts.extend({ edition: z.literal(2) });

export interface ShopFiles {
  csvFolder: string;
  truthFolder: string;
  files: { path: string; kind: "people" | "orders" }[];
}

/** Takes a part of a vendor's account, in any number of pieces; one that is left out is not wanted. */
export interface ShopSinks {
  hubspot?(seed: HubspotSeed): void;
  stripe?(seed: StripeSeed): void;
  klaviyo?(seed: KlaviyoSeed): void;
  ga4?(seed: Ga4Seed): void;
  "google-ads"?(seed: GoogleAdsSeed): void;
}

export function filesOf(folder: string): ShopFiles {
  const csvFolder = join(folder, "csv");
  return {
    csvFolder,
    truthFolder: join(folder, "truth"),
    files: [
      { path: join(csvFolder, "people.csv"), kind: "people" },
      { path: join(csvFolder, "till-sales.csv"), kind: "orders" },
    ],
  };
}

/** What the folder holds; null when it holds no complete shop. */
export function readShopFacts(folder: string): ShopFacts | null {
  const file = join(folder, "shop.json");
  if (!existsSync(file)) return null;
  return shopFile.safeParse(JSON.parse(readFileSync(file, "utf8"))).data ?? null;
}

/**
 * Generates the shop, hands the vendors' parts to the sinks, and writes the files unless they are there already.
 *
 * The folder remembers `now`, so that the same shop comes out after a restart on another day. More customers than before
 * are added to those there are.
 *
 * @throws Error when the folder holds another shop, or more customers than asked for
 */
export async function openShop(
  folder: string,
  wanted: ShopFacts,
  sinks: ShopSinks,
  rates: Rates = defaultRates,
): Promise<ShopFiles & { facts: ShopFacts }> {
  const held = readShopFacts(folder);
  if (held !== null && (held.seed !== wanted.seed || held.customers > wanted.customers)) {
    throw new Error(
      `The demo shop in ${folder} has seed ${held.seed} and ${held.customers} customers; start with these, or from scratch with --fresh.`,
    );
  }
  const { seed, customers, now } = { ...wanted, now: held?.now ?? wanted.now };
  const facts = { seed, customers, now };
  const files = filesOf(folder);
  const writer = held?.customers === facts.customers ? null : openWriter(folder, files);
  const [hits, figures] = [siteHits(), adsFigures()];
  let batch: Customer[] = [];
  const flush = async () => {
    fill(sinks, batch);
    for (const { site, clicks } of batch) {
      hits.add(site.visits);
      figures.add(clicks);
    }
    await writer?.write(batch);
    batch = [];
  };
  for (const customer of generateCustomers(facts.customers, { ...facts, rates })) {
    if (batch.push(customer) >= BATCH) await flush();
  }
  await flush();
  const counted = { hits: hits.hits(), figures: figures.figures() };
  const exported = [{ audience: SITE_USERS, dimensions: SITE_USER_COLUMNS }];
  sinks.ga4?.({ hits: counted.hits, members: [], exported });
  sinks["google-ads"]?.({ ...adsAccount(), figures: counted.figures });
  await writer?.finish(figuresTruth(counted));
  if (writer !== null)
    writeFileSync(
      join(folder, "shop.json"),
      JSON.stringify({ ...facts, edition: 2 } satisfies z.infer<typeof shopFile>),
    );
  return { ...files, facts };
}

function fill(sinks: ShopSinks, batch: readonly Customer[]): void {
  sinks.hubspot?.({
    contacts: batch.flatMap((customer) => customer.hubspot.contacts),
    companies: batch.flatMap((customer) => customer.hubspot.companies),
    deals: batch.flatMap((customer) => customer.hubspot.deals),
  });
  sinks.stripe?.({
    customers: batch.flatMap((customer) => customer.stripe.customers),
    charges: batch.flatMap((customer) => customer.stripe.charges),
    refunds: batch.flatMap((customer) => customer.stripe.refunds),
    subscriptions: batch.flatMap((customer) => customer.stripe.subscriptions),
  });
  sinks.klaviyo?.({
    profiles: batch.flatMap((customer) => customer.klaviyo.profiles),
    events: batch.flatMap((customer) => customer.klaviyo.events),
    lists: batch.flatMap((customer) => customer.klaviyo.lists),
  });
  sinks.ga4?.({ hits: [], members: batch.flatMap((customer) => customer.site.members) });
  sinks["google-ads"]?.({ ...adsAccount(), clicks: batch.flatMap((customer) => customer.clicks) });
}

function openWriter(folder: string, { csvFolder, truthFolder }: ShopFiles) {
  // Not complete until written anew.
  rmSync(join(folder, "shop.json"), { force: true });
  for (const path of [csvFolder, truthFolder]) mkdirSync(path, { recursive: true, mode: 0o700 });
  const outputs: { stream: WriteStream; path: string }[] = [];
  const open = (path: string) => {
    const stream = createWriteStream(`${path}.new`, { mode: 0o600 });
    outputs.push({ stream, path });
    return stream;
  };
  const people = open(join(csvFolder, "people.csv"));
  const sales = open(join(csvFolder, "till-sales.csv"));
  const truth = (name: string) => open(join(truthFolder, `${name}.jsonl`));
  const records = truth("records");
  const leavers = truth("leavers");
  const statements = truth("statements");
  const consents = truth("consents");
  const purchases = truth("purchases");
  const clicks = truth("clicks");
  const twice = truth("twice");
  const trueFigures = truth("figures");
  const trueCounts = truth("counts");
  const counts: TrueCounts = {};
  people.write(windows1252(semicolons([[...PEOPLE_HEADER]])));
  sales.write(stringify([[...SALES_HEADER]]));
  return {
    async write(customers: readonly Customer[]) {
      people.write(windows1252(semicolons(customers.flatMap((customer) => customer.people))));
      sales.write(stringify(customers.flatMap((customer) => customer.sales)));
      records.write(lines(customers.flatMap((customer) => customer.truth.records)));
      leavers.write(lines(customers.flatMap((customer) => customer.truth.leaver ?? [])));
      statements.write(lines(customers.flatMap((customer) => customer.truth.statements)));
      consents.write(lines(customers.flatMap((customer) => customer.truth.consents)));
      purchases.write(lines(customers.flatMap((customer) => customer.truth.purchases ?? [])));
      clicks.write(lines(customers.flatMap((customer) => customer.truth.clicks)));
      twice.write(lines(customers.flatMap((customer) => customer.truth.twice)));
      for (const { truth } of customers)
        for (const [stream, count] of Object.entries(truth.counts)) counts[stream] = (counts[stream] ?? 0) + count;
      await Promise.all(outputs.flatMap(({ stream }) => (stream.writableNeedDrain ? [once(stream, "drain")] : [])));
    },
    async finish(figures: readonly TrueFigure[]) {
      trueFigures.write(lines(figures));
      trueCounts.write(lines(Object.entries(counts).map(([stream, count]) => ({ stream, count }))));
      for (const { stream, path } of outputs) {
        stream.end();
        await once(stream, "finish");
        renameSync(`${path}.new`, path);
      }
    },
  };
}

const semicolons = (rows: string[][]) => stringify(rows, { delimiter: ";" });

/** As old till software writes it. Our names stay within Latin 1, which is the same but for 32 signs we do not use. */
const windows1252 = (text: string) => Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");

const lines = (items: readonly unknown[]) => items.map((item) => `${JSON.stringify(item)}\n`).join("");
