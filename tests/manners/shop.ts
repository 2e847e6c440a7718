/** A small shop at all five tools in a workspace of its own, turned over by real workers, with one tool misbehaving for a while. */
import { setTimeout as sleep } from "node:timers/promises";
import { isWritable } from "#connectors/core/contract.ts";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { BEST_CUSTOMERS } from "#profile/plan/audience.ts";
import type { Database } from "#profile/store/database.ts";
import { adsSettings, ga4Settings } from "#stack/demo-shop/accounts.ts";
import { changeSome } from "#stack/demo-shop/changes.ts";
import { CONNECTING, sinksOf, startTools, TOOL_NAMES, type ToolName, type Tools } from "#stack/demo-shop/tools.ts";
import { defaultRates } from "#stack/demo-shop/rates.ts";
import { openShop, type ShopFacts } from "#stack/demo-shop/write.ts";
import type { Engine } from "#workflows/client.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { differencesIn, shopState, type ShopState } from "./end-state.ts";
import { PERMISSIONS, type Manner } from "./manners.ts";

export interface Installation {
  deps: Dependencies;
  engine: Engine;
  database: Database;
  /** For the till's files, the same ones each time. */
  folder: string;
}

export interface Subject {
  tool: ToolName;
  manner: Manner;
}

/** What was needed before the end was the same. */
export type Healing = "nothing" | "reading it all again" | "not healed";

export interface Outcome {
  /** How many of what counts down happened; null: the manners are states, and held. */
  met: number | null;
  healedBy: Healing;
  differences: string[];
}

/** How it ends without bad manners. */
export interface Undisturbed {
  state: ShopState;
  /** As it is by now: scores move with time, in any workspace. */
  again(): Promise<ShopState>;
  close(): Promise<void>;
}

const CHANGED = 15;
const ROUNDS = 4;
const AFTER_LAG_MS = 2_100;
const FAST = { requestsPerSecond: 10_000 };
const AUDIENCE = BEST_CUSTOMERS.name.replaceAll("_", "-");
/** Most said yes to adverts, so that a small shop has an audience; a few days of figures are days enough. */
const RATES = { ...defaultRates, adsConsent: { form: 0.95, withdrawn: 0.03 }, figureDays: 6 };
const SETTINGS: Partial<Record<ToolName, Record<string, unknown>>> = {
  ...{ ga4: ga4Settings(RATES.figureDays), "google-ads": adsSettings(RATES.figureDays) },
};
let shops = 0;

/** The same loop with nobody misbehaving; its workspace goes on until it is closed. */
export async function undisturbed(installation: Installation, facts: ShopFacts): Promise<Undisturbed> {
  const shop = await openWorkspace(installation, facts);
  await turn(installation, shop);
  changeSome(shop.tools, facts, { count: CHANGED, seed: 5 });
  for (let round = 1; round <= ROUNDS; round += 1) await turn(installation, shop);
  const held: Undisturbed = {
    state: await stateOf(installation, shop),
    async again() {
      await turn(installation, shop);
      held.state = await stateOf(installation, shop);
      return held.state;
    },
    close: shop.close,
  };
  return held;
}

/** @param subjects what misbehaves, for a while */
export async function turnOver(
  installation: Installation,
  facts: ShopFacts,
  subjects: readonly Subject[],
  expected: Undisturbed,
): Promise<Outcome> {
  const shop = await openWorkspace(installation, facts);
  try {
    let met: number | null = null;
    for (const when of ["first", "changes"] as const) {
      if (when === "changes") await revive(installation, shop);
      const spells = subjects
        .filter(({ manner }) => manner.while === when)
        .map((subject) => begin(installation, shop, subject));
      if (when === "changes") changeSome(shop.tools, facts, { count: CHANGED, seed: 5 });
      await turn(installation, shop);
      for (const { end } of spells) met = end() ?? met;
    }
    await revive(installation, shop);
    if (subjects.some(({ manner }) => manner.while === "changes")) await sleep(AFTER_LAG_MS);
    const first = await settled(installation, shop, expected);
    if (first.length === 0 || subjects.length === 0) return { differences: first, met, healedBy: "nothing" };
    for (const { tool } of subjects) await readAllAgain(installation, shop, tool);
    const second = await settled(installation, shop, expected);
    const healedBy = second.length === 0 ? "reading it all again" : "not healed";
    return { differences: second, met, healedBy };
  } finally {
    await shop.close();
  }
}

interface Shop {
  workspaceId: WorkspaceId;
  tools: Required<Tools>;
  connections: Map<string, ConnectionId>;
  /** Some of the records that each tool is written to. */
  recordsOf: Record<ToolName, string[]>;
  close(): Promise<void>;
}

async function openWorkspace({ deps, folder }: Installation, facts: ShopFacts): Promise<Shop> {
  const slug = `manners-${(shops += 1)}`;
  const { workspaceId } = await deps.connections.createWorkspace({
    ...{ slug, name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London", refreshMinutes: 1_440 },
  });
  // All are asked for, so all are there.
  const opening = { folder: null, portOf: () => 0, now: deps.now, ...FAST };
  const tools = (await startTools(TOOL_NAMES, opening)) as Required<Tools>;
  const customers: string[] = [];
  const sinks = sinksOf(tools);
  const { files } = await openShop(
    folder,
    facts,
    {
      ...sinks,
      stripe(seed) {
        customers.push(...seed.customers.flatMap(({ id, deleted }) => (deleted === true ? [] : id)));
        sinks.stripe?.(seed);
      },
    },
    RATES,
  );
  const connections = new Map<string, ConnectionId>();
  for (const tool of TOOL_NAMES) {
    const { settings: usual, key } = CONNECTING[tool];
    const settings = SETTINGS[tool] ?? usual;
    const input = { connector: tool, name: "main", baseUrl: tools[tool].url, settings, ...FAST };
    const writeBack = isWritable(connectorOf(tool));
    const made = await deps.connections.upsertConnection(
      workspaceId,
      { ...input, writeBack, autoApplyShare: 1 },
      "test",
    );
    await deps.credentials.put(workspaceId, made.connectionId, key);
    if (connectorOf(tool).writeBack !== undefined) await deps.plans.defineFields(workspaceId, made.connectionId);
    connections.set(tool, made.connectionId);
  }
  const guessed = { currency: "GBP", country: "GB", timeZone: "Europe/London" };
  const read = await Promise.all(files.map(async ({ path }) => csvFileOf(path, await guessFile(path, guessed))));
  const till = { connector: "csv", name: "till", settings: { files: read, sharedIds: true } };
  await deps.connections.upsertConnection(workspaceId, till, "test");
  const few = (ids: readonly string[]) => ids.slice(0, 3);
  return {
    ...{ workspaceId, tools, connections },
    recordsOf: {
      ...{ hubspot: few(tools.hubspot.contactIds()), klaviyo: few(tools.klaviyo.profileIds()), stripe: few(customers) },
      ...{ ga4: [], "google-ads": [] },
    },
    async close() {
      for (const tool of TOOL_NAMES) await tools[tool].close();
    },
  };
}

/** Switches a manner on. @returns what switches everything off again, and tells how often it struck */
function begin(
  { deps }: Installation,
  { tools, recordsOf }: Shop,
  { tool, manner }: Subject,
): { end(): number | null } {
  const faults: Record<string, unknown> = Object(tools[tool].faults);
  const before = Object.fromEntries(Object.entries(faults).map(([name, value]) => [name, copied(value)]));
  manner.set(tools[tool].faults, {
    ...{ records: recordsOf[tool], permission: PERMISSIONS[tool], now: deps.now() },
  });
  const counted = Object.fromEntries(Object.entries(faults).map(([name, value]) => [name, countIn(value)]));
  return {
    end() {
      const struck = Object.entries(faults).reduce(
        (sum, [name, value]) => sum + Math.max(0, (counted[name] ?? 0) - (countIn(value) ?? 0)),
        0,
      );
      const counts = Object.entries(counted).some(([name, count]) => (count ?? 0) > (countIn(before[name]) ?? 0));
      Object.assign(faults, before);
      return counts ? struck : null;
    },
  };
}

const copied = (value: unknown): unknown =>
  value instanceof Set ? new Set(value) : typeof value === "object" && value !== null ? { ...value } : value;

/** Of what counts down; null: it is something else. */
function countIn(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value !== "object" || value === null || !("count" in value)) return null;
  return typeof value.count === "number" ? value.count : null;
}

async function turn({ deps, engine }: Installation, { workspaceId }: Shop): Promise<number> {
  await engine.refresh(workspaceId);
  const plans = await deps.plans.list(workspaceId, 100);
  const waiting = plans.filter(({ status }) => status === "waiting");
  for (const { planId, digest } of waiting) await engine.approve(planId, "test", digest ?? "");
  for (const { planId } of waiting) await engine.finished(planId);
  return waiting.length;
}

/** What a person does when a tool has refused us: they look after it, and try again. */
async function revive({ deps }: Installation, { workspaceId }: Shop): Promise<void> {
  for (const { connectionId, status } of await deps.connections.listConnections(workspaceId))
    if (status !== "ready") await deps.connections.setStatus(workspaceId, connectionId, "ready", null, "test");
}

/** Turns until it is as expected, a few times at most. @returns what differs in the end */
async function settled(installation: Installation, shop: Shop, expected: Undisturbed): Promise<string[]> {
  let differences: string[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    await turn(installation, shop);
    if (round === 1) continue;
    const state = await stateOf(installation, shop);
    differences = differencesIn(expected.state, state);
    if (differences.length > 0) differences = differencesIn(await expected.again(), state);
    if (differences.length === 0) break;
  }
  return differences;
}

function stateOf({ database }: Installation, { workspaceId, tools }: Shop): Promise<ShopState> {
  const twins = Object.fromEntries(TOOL_NAMES.map((tool) => [tool, tools[tool].url]));
  return shopState(database, workspaceId, twins, tools["google-ads"].membersOf(AUDIENCE));
}

async function readAllAgain({ deps }: Installation, { workspaceId, connections }: Shop, tool: ToolName) {
  const connectionId = connections.get(tool);
  if (connectionId === undefined) return;
  for (const stream of Object.keys(connectorOf(tool).streams))
    await deps.ingest.resetCursor(workspaceId, connectionId, stream);
}
