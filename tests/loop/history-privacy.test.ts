import { JSONToPayload } from "@temporalio/common/lib/proto-utils.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encryptionCodec } from "#workflows/codec.ts";
import { exportHistories, payloadsOf, type ExportedHistory } from "#tests/support/histories.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { addressOf, contactIdOf, mobileOf, smallShop } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const PEOPLE = 40;
/** Long enough never to turn up in ciphertext by chance. */
const FIRST = ["Quillonette", "Zarabethine", "Torvaldwyn", "Ombrelline"];
const LAST = ["Thistlemarch", "Underbrackle", "Vexingford", "Wychelmere"];

let loop: TestLoop;
let histories: ExportedHistory[];
let log: string;
let secrets: string[];
/** Every encrypted payload, decrypted, with where it stood. */
let decrypted: { where: string; text: string }[];

beforeAll(async () => {
  loop = await startTestLoop({ workers: false });
  const { hubspot, stripe, engine, deps, workspaceId } = loop;
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  const named = shop.hubspot.contacts.map((contact, index) => ({
    ...contact,
    properties: {
      ...contact.properties,
      firstname: FIRST[index % FIRST.length] ?? null,
      lastname: LAST[index % LAST.length] ?? null,
    },
  }));
  hubspot.load({ ...shop.hubspot, contacts: named });
  stripe.load(shop.stripe);
  const worker = await startWorkerProcess({ ...loop.workerEnvironment, LOG_LEVEL: "debug" });

  // Failures say most: a vendor that asks to wait, one that refuses a record, one that drops a reply.
  hubspot.faults.throttle = { count: 1, retryAfterSeconds: 1 };
  stripe.faults.dropReply = 1;
  hubspot.faults.entryError.add(contactIdOf(3));
  hubspot.faults.silentNoOp.add(contactIdOf(4));
  await loop.refresh();
  await approveAll(loop);
  hubspot.change("contacts", contactIdOf(1), { phone: mobileOf(900), email: addressOf(900) });
  await loop.refresh();
  const written = Array.from({ length: PEOPLE }, (_, index) => hubspot.properties(contactIdOf(index)) ?? {});
  const plan = (await deps.plans.list(workspaceId, 50)).filter(({ connector }) => connector === "hubspot").at(-1);
  if (plan === undefined) throw new Error("There must be a plan.");
  const { planId, connectionId, connector } = plan;
  await engine.undo({ workspaceId, planId, connectionId, connector, actor: "test" });
  hubspot.faults.revoked = true;
  await loop.refresh();
  await worker.stop();
  log = worker.output();

  const reasons = written.flatMap((values) =>
    Object.entries(values).flatMap(([name, value]) => (/^tributary_.*_reason$/.test(name) && value ? [value] : [])),
  );
  const people = Array.from({ length: PEOPLE }, (_, index) => [addressOf(index), mobileOf(index).slice(1)]).flat();
  const { DATABASE_URL = "", TRIBUTARY_KEY = "" } = loop.workerEnvironment;
  const tokens = [hubspot.accessToken, stripe.apiKey, new URL(DATABASE_URL).password, TRIBUTARY_KEY];
  const changed = [addressOf(900), mobileOf(900).slice(1), "fernandkettle-mail"];
  secrets = [...new Set([...FIRST, ...LAST, ...people, ...changed, ...tokens, ...reasons])];
  histories = await exportHistories(engine.client, loop.names.engineQueue);
  decrypted = [];
  const codec = encryptionCodec(loop.masterKeys);
  for (const { type, json } of histories) {
    for (const payload of payloadsOf(JSON.parse(json))) {
      const [plain] = await codec.decode([JSONToPayload(payload)]);
      decrypted.push({ where: type, text: Buffer.from(plain?.data ?? []).toString("utf8") });
    }
  }
});
afterAll(() => loop.stop());

const found = (text: string) => secrets.filter((secret) => text.toLowerCase().includes(secret.toLowerCase()));

describe("what Temporal keeps", () => {
  it("covers every kind of workflow, the failures among them, and the search has something to look for", () => {
    expect(new Set(histories.map(({ type }) => type))).toEqual(
      new Set(["refreshWorkspace", "syncStream", "planDestination", "applyPlan", "undoPlan"]),
    );
    expect(histories.some(({ json }) => json.includes("WORKFLOW_EXECUTION_FAILED"))).toBe(true);
    expect(decrypted.length).toBeGreaterThan(100);
    expect(secrets.length).toBeGreaterThan(PEOPLE * 2 + 20);
    expect(secrets.every((secret) => secret.length >= 8)).toBe(true);
  });

  it("holds no name, e-mail, phone, token or reason: not in histories, nor in their payloads as stored", () => {
    for (const { json } of histories) {
      expect(found(json)).toEqual([]);
      const stored = payloadsOf(JSON.parse(json)).map(({ data }) =>
        Buffer.from(data ?? "", "base64").toString("latin1"),
      );
      expect(found(stored.join("\n"))).toEqual([]);
    }
  });

  it("shows nobody in workflow ids, search attributes and memos", () => {
    for (const { workflowId, listed } of histories) expect(found(`${workflowId} ${listed}`)).toEqual([]);
  });

  it("has every payload encrypted", () => {
    for (const { type, json } of histories) {
      for (const { metadata } of payloadsOf(JSON.parse(json))) {
        expect([type, Buffer.from(metadata?.["encoding"] ?? "", "base64").toString()]).toEqual([
          type,
          "binary/encrypted",
        ]);
      }
    }
  });

  it("holds ids, names of ours and counts even when decrypted", () => {
    expect(found(decrypted.map(({ text }) => text).join("\n"))).toEqual([]);
    for (const { where, text } of decrypted) {
      const value: unknown = text === "" ? null : JSON.parse(text);
      // What went wrong is told in words; the search above has looked into those.
      if (typeof value === "object" && value !== null && "stack_trace" in value) continue;
      expect([where, leavesOf(value).filter((leaf) => !isIdOrCount(leaf))]).toEqual([where, []]);
    }
  });
});

describe("the worker's log at level debug", () => {
  it("holds no name, e-mail, phone, token or reason", () => {
    expect(log).toContain('"level":20');
    expect(found(log)).toEqual([]);
  });
});

function leavesOf(value: unknown): unknown[] {
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(leavesOf) : [value];
}

const isIdOrCount = (leaf: unknown) =>
  leaf === null ||
  typeof leaf === "number" ||
  typeof leaf === "boolean" ||
  (typeof leaf === "string" && /^[a-z0-9_-]{1,64}$/.test(leaf));
