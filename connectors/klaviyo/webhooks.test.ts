import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openForContract } from "#connectors/core/contract-suite/index.ts";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { doubtAbout } from "#connectors/core/webhooks.ts";
import { klaviyo } from "./index.ts";
import { startKlaviyoTwin, type KlaviyoTwin } from "./twin/index.ts";
import { webhooks } from "./webhooks.ts";

const AT = "2026-11-27T12:00:00+00:00";
const delivered = (more: object = {}, data: object = {}) => ({
  ...{ external_id: "x", topic: "event:klaviyo.subscribed_to_email" },
  payload: {
    data: {
      ...{ type: "event", id: "E1", attributes: { datetime: AT, event_properties: { city: "Whitby" } } },
      relationships: {
        profile: { data: { type: "profile", id: "P1" } },
        metric: { data: { type: "metric", id: "M1" } },
      },
      ...data,
    },
  },
  ...more,
});

describe("what Klaviyo's webhooks say", () => {
  it("names the event and whose it is; nothing of what it holds is taken along", () => {
    const records = [
      { stream: "events", id: "E1" },
      { stream: "profiles", id: "P1" },
    ];
    expect(webhooks.parse({ data: [delivered()], meta: {} })).toEqual({
      events: [{ account: null, id: "E1", at: "2026-11-27T12:00:00.000Z", effect: "changed", records }],
      unreadable: 0,
    });
  });

  it("takes an event of nobody, leaves other topics, and counts what has another form", () => {
    const { events, unreadable } = webhooks.parse({
      data: [
        ...[delivered({}, { relationships: undefined }), delivered({ topic: "catalog:changed" })],
        ...[null, {}, delivered({}, { id: "" }), delivered({}, { attributes: { datetime: "yesterday" } })],
      ],
    });
    expect(events.map(({ records }) => records)).toEqual([[{ stream: "events", id: "E1" }]]);
    expect(unreadable).toBe(4);
    for (const body of [null, [], { data: {} }]) expect(webhooks.parse(body)).toEqual({ events: [], unreadable: 1 });
  });

  it.each([
    ["seconds", String(Date.parse(AT) / 1_000)],
    ["milliseconds", String(Date.parse(AT))],
    ["a date", AT],
  ])("is signed over the body followed by the time as it was sent, here in %s", (_, timestamp) => {
    const body = JSON.stringify({ data: [] });
    const signature = createHmac("sha256", "a-secret-of-ours").update(`${body}${timestamp}`).digest("hex");
    const judged = (headers: Record<string, string>, now = Date.parse(AT)) =>
      doubtAbout(webhooks, { method: "POST", url: "", headers, body: Buffer.from(body) }, ["a-secret-of-ours"], now);
    const headers = { "klaviyo-signature": signature, "klaviyo-timestamp": timestamp, "klaviyo-webhook-id": "W1" };
    expect(judged(headers)).toBeNull();
    expect(judged(headers, Date.parse(AT) + 600_000)).toBe("too old");
    expect(judged({ ...headers, "klaviyo-timestamp": "" })).toBe("unsigned");
    expect(judged({ ...headers, "klaviyo-timestamp": "soon" })).toBe("unsigned");
    expect(judged({ ...headers, "klaviyo-timestamp": `${timestamp}0` })).not.toBeNull();
  });
});

describe("what the twin sends", () => {
  it("is several events to a request, each whole, signed with the secret of whoever subscribed", async () => {
    const taken: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
    const take = async (request: IncomingMessage, response: ServerResponse) => {
      taken.push({ headers: request.headers, body: await buffer(request) });
      response.end();
    };
    const receiver = createServer((request, response) => void take(request, response));
    await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
    const twin = await startKlaviyoTwin();
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    expect(() => twin.webhooks.subscribe({ url, secret: "too short" })).toThrow("16 characters");
    twin.webhooks.subscribe({ url, secret: "a-secret-of-ours" });
    const profile = twin.create({ email: "ada@marlow.example" });
    const ids = Array.from({ length: 25 }, () => twin.track({ metric: "Clicked Email", profile, datetime: AT }));
    await twin.webhooks.settled();
    const judged = taken.map(({ headers, body }) =>
      doubtAbout(webhooks, { method: "POST", url, headers, body }, ["a-secret-of-ours"], Date.now()),
    );
    expect(judged).toEqual([null, null]);
    const parsed = taken.map(({ body }) => webhooks.parse(JSON.parse(body.toString())));
    expect(parsed.map(({ unreadable }) => unreadable)).toEqual([0, 0]);
    const told = parsed.flatMap(({ events }) => events);
    expect(told.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(new Set(told.map(({ records }) => records[1]?.id))).toEqual(new Set([profile]));
    await twin.close();
    receiver.close();
  });
});

describe("records by id", () => {
  let twin: KlaviyoTwin;
  beforeEach(async () => {
    twin = await startKlaviyoTwin();
  });
  afterEach(() => twin.close());

  it("are what reading their stream gives; of one that is not listed nothing is said", async () => {
    const profile = twin.create({ email: "ada@marlow.example", first_name: "Ada" });
    const event = twin.track({ metric: "Clicked Email", profile, datetime: AT });
    const connection = openForContract(klaviyo, {
      ...{ settings: {}, credentials: { apiKey: twin.apiKey }, baseUrl: twin.url, now: () => twin.now() },
    });
    for (const [stream, id] of [
      ["profiles", profile],
      ["events", event],
    ] as const) {
      const read: CanonicalRecord[] = [];
      for await (const page of connection.read(stream, null)) read.push(...page.records);
      const found = await connection.find(stream, [
        { id, at: AT },
        { id: "NOBODY", at: AT },
      ]);
      expect(found.records).toEqual(read);
      expect([found.rejects, found.records.length > 0]).toEqual([[], true]);
    }
  });
});
