/** The Measurement Protocol, which says yes to everything. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { issueGrant } from "#connectors/core/grant.ts";
import type { Use } from "#connectors/core/grant.ts";
import { sendEvents } from "./events.ts";
import type { EventParams, OutgoingEvent } from "./events.ts";
import { HOUR, startPlace } from "./testing.ts";
import type { Place } from "./testing.ts";
import { holdsAddress, refusePeople, withoutPeople } from "./without-people.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

const grantFor = (...uses: Use[]) =>
  issueGrant({
    ...{ profileId: "00000000-0000-8000-8000-000000000000", uses, entryIds: [], rulesVersion: "test" },
    decidedAt: "2026-01-01T00:00:00.000Z",
  });
const analytics = grantFor({ purpose: "analytics", channel: "any" });

const event = (fields: Partial<OutgoingEvent> = {}): OutgoingEvent => ({
  ...{ clientId: "123456789.1700000000", name: "stage_reached", at: new Date(place.now() - HOUR).toISOString() },
  ...{ params: { stage: "loyal" }, grant: analytics, ...fields },
});
const send = (events: OutgoingEvent[], secret = "twin-measurement-secret") =>
  sendEvents(
    place.client({ settings: { measurementId: "G-TWIN000001" }, credentials: { measurementSecret: secret } }),
    events,
  );

describe("an event", () => {
  it("is shown to the debug address before it is sent, with the browser's own id and what was allowed", async () => {
    expect(await send([event()])).toEqual([{ outcome: "checked" }]);
    expect([...place.twin.requests]).toEqual([
      ["POST /debug/mp/collect", 1],
      ["POST /mp/collect", 1],
    ]);
    expect(place.twin.events.taken).toMatchObject([
      { client_id: "123456789.1700000000", consent: { ad_user_data: "DENIED", ad_personalization: "DENIED" } },
    ]);
  });

  it("is not sent without consent to analytics, whatever else was allowed", async () => {
    const grant = grantFor({ purpose: "ad_audience", channel: "ads" });
    expect(await send([event({ grant })])).toMatchObject([{ outcome: "refused" }]);
    expect(place.twin.requests.size).toBe(0);
  });

  it("may be used for ads only where that was allowed too", async () => {
    await send([
      event({ grant: grantFor({ purpose: "analytics", channel: "any" }, { purpose: "ad_audience", channel: "ads" }) }),
    ]);
    expect(place.twin.events.taken).toMatchObject([
      { consent: { ad_user_data: "GRANTED", ad_personalization: "GRANTED" } },
    ]);
  });

  it("that Google would drop in silence is refused, in words of ours", async () => {
    place.advance(0);
    const [result] = await send([event({ params: { amount: Number.NaN } })]);
    expect(result).toMatchObject({ outcome: "refused", reason: expect.stringContaining("VALUE_INVALID") as string });
    expect(result?.reason).not.toContain("client_id");
    expect([place.twin.events.taken, place.twin.events.dropped]).toEqual([[], []]);
  });

  it.each([
    ["older than 72 hours", { at: "2026-11-12T11:00:00Z" }],
    ["of the future", { at: "2026-11-15T13:00:00Z" }],
    ["of no time", { at: "soon" }],
    ["of an invented browser", { clientId: "u-1" }],
    ["of a reserved name", { name: "session_start" }],
    ["of a name that is too long", { name: "x".repeat(41) }],
    ["with a value that is too long", { params: { stage: "x".repeat(101) } }],
    ["with too many parameters", { params: Object.fromEntries(Array.from({ length: 26 }, (_, n) => [`p${n}`, n])) }],
  ] as [string, Partial<OutgoingEvent>][])("%s is refused before anything is sent", async (_, fields) => {
    expect(await send([event(fields)])).toMatchObject([{ outcome: "refused" }]);
    expect(place.twin.requests.size).toBe(0);
  });

  it("needs a stream to go to", async () => {
    await expect(sendEvents(place.client(), [event()])).rejects.toMatchObject({ kind: "permission" });
  });

  it("to a wrong secret is not told from another by Google: only the twin knows", async () => {
    expect(await send([event()], "wrong")).toEqual([{ outcome: "checked" }]);
    expect(place.twin.events.dropped).toEqual(["SECRET_INVALID"]);
  });
});

describe("who somebody is", () => {
  it("is no parameter, by type", () => {
    const params: EventParams = { stage: "loyal" };
    // @ts-expect-error -- a person's address
    const email: EventParams = { email: "x" };
    // @ts-expect-error -- the site's user id
    const user: EventParams = { user_id: "1" };
    expect([params, email, user].length).toBe(3);
  });

  it.each([
    { contact_email: "x" },
    { userid: "1" },
    { crm_id: "7" },
    { note: "write to ada@marlowbooks.co.uk" },
    { page: "/x?u=ada%40marlowbooks.co.uk" },
    { page: "/x?u=ada%2540marlowbooks.co.uk" },
    { call: "+44 7400 123456" },
    { call: "07400 123 456" },
  ])("is no parameter by any other name: %j", async (params) => {
    const [result] = await send([event({ params })]);
    expect(result?.outcome).toBe("refused");
    expect(result?.reason).not.toMatch(/marlow|7400/);
    expect(place.twin.requests.size).toBe(0);
  });

  it("is not seen in what is none: amounts, days, names of campaigns", () => {
    expect(() =>
      refusePeople({ value: 12_345_678.9, day: "2026-11-15", campaign: "autumn 2026 sale", at: "10:30" }),
    ).not.toThrow();
    expect([holdsAddress("10% @ home"), holdsAddress("a@b")]).toEqual([false, false]);
    expect(withoutPeople({ a: ["/x", { b: "ada@marlowbooks.co.uk!" }], c: 1 })).toEqual({
      a: ["/x", { b: "(address removed)!" }],
      c: 1,
    });
  });
});
