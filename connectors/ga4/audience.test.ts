/** Audience exports: the one place where users are told apart, by ids that the site itself sent. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { peopleOf, readToEnd } from "#connectors/core/contract-suite/index.ts";
import { canonicalRecord } from "#connectors/core/records.ts";
import { member } from "./fixtures.ts";
import { DAY, HOUR, startPlace } from "./testing.ts";
import type { Place } from "./testing.ts";
import type { Member } from "./twin/account.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

const load = (...members: Member[]) => place.twin.load({ hits: [], members });
/** As a refresh: it waits a while for Google. */
const read = (from: unknown = null, settings: object = {}) =>
  readToEnd(
    place.open({ settings: { audiences: ["7"], ...settings }, pause: async (ms) => place.advance(ms) }),
    "audience_members",
    from,
  );
const created = () => place.twin.requests.get("POST /v1beta/properties/:property/audienceExports") ?? 0;

describe("a snapshot", () => {
  it("is ordered, waited for to its real end, and read to its own count", async () => {
    load(...Array.from({ length: 57 }, (_, n) => member(n)));
    place.twin.faults.shortPage = 10;
    const { pages } = await read();
    expect(peopleOf(pages).size).toBe(57);
    for (const record of pages.flatMap((page) => page.records))
      expect(canonicalRecord.safeParse(record).success).toBe(true);
    expect(created()).toBe(1);
  });

  it("that Google is still making is looked at again with the next refresh, and not ordered twice", async () => {
    load(member(1));
    const impatient = () => place.open({ settings: { audiences: ["7"] } });
    const first = await readToEnd(impatient(), "audience_members");
    expect(peopleOf(first.pages).size).toBe(0);
    place.advance(HOUR);
    const second = await readToEnd(impatient(), "audience_members", first.next);
    expect([peopleOf(second.pages).size, created()]).toEqual([1, 1]);
  });

  it("that somebody had made today is used again", async () => {
    load(member(1));
    await read();
    place.advance(HOUR);
    const { pages } = await read();
    expect([peopleOf(pages).size, created()]).toEqual([1, 1]);
  });

  it("is taken anew when its time has come, and not before", async () => {
    load(member(1));
    const first = await read();
    place.twin.join(member(2));
    place.advance(23 * HOUR);
    const early = await read(first.next);
    expect([peopleOf(early.pages).size, created()]).toEqual([0, 1]);
    place.advance(2 * HOUR);
    const later = await read(early.next);
    expect([peopleOf(later.pages).size, created()]).toEqual([2, 2]);
  });

  it("that failed says so, and is ordered again only when its time has come", async () => {
    load(member(1));
    place.twin.faults.failExports = 1;
    const first = await read();
    const [remark] = first.pages.flatMap((page) => page.rejects);
    expect(remark).toMatchObject({ kept: true, reason: expect.stringContaining("audience 7") as string });
    // Google's own sentence is not shown.
    expect(remark?.reason).not.toContain("Quota exhausted");
    place.advance(HOUR);
    expect(peopleOf((await read(first.next)).pages).size).toBe(0);
    place.advance(DAY);
    expect(peopleOf((await read(first.next)).pages).size).toBe(1);
  });

  it("takes up where it was left after any page, and starts over when Google no longer has it", async () => {
    load(...Array.from({ length: 25 }, (_, n) => member(n)));
    place.twin.faults.shortPage = 10;
    const { pages } = await read();
    const [first] = pages;
    const rest = await read(first?.next);
    expect(peopleOf([...pages.slice(0, 1), ...rest.pages]).size).toBe(25);
    const gone = { ...(first?.next as object), snapshot: "properties/314159265/audienceExports/999" };
    await expect(read(gone)).rejects.toMatchObject({ kind: "cursor_expired" });
  });

  it.each([20, 25])("whose pages come again and again ends with an error: %d users", async (size) => {
    load(...Array.from({ length: size }, (_, n) => member(n)));
    Object.assign(place.twin.faults, { shortPage: 10, stuckCursor: true });
    await expect(read()).rejects.toMatchObject({ kind: "contract" });
  });

  it("of an audience that is not there says what to check", async () => {
    await expect(read()).rejects.toMatchObject({
      kind: "permission",
      message: expect.stringContaining("audience") as string,
    });
  });

  it("of several audiences is taken one after the other", async () => {
    load(member(1), member(2, { audience: "8" }));
    const { pages } = await read(null, { audiences: ["7", "8"] });
    expect([peopleOf(pages).size, created()]).toEqual([2, 2]);
  });
});

describe("a member", () => {
  it("is known by the ids that are really there: the site's user id, and the browser's client id", async () => {
    load(member(1, { userId: "u-1", deviceId: "11.22" }));
    expect([...peopleOf((await read()).pages).values()]).toMatchObject([
      {
        ...{ emails: [], phones: [], firstName: null, updatedAt: expect.stringMatching(/Z$/) as string },
        externalIds: [
          { kind: "account_id", value: "u-1", scope: "connection" },
          { kind: "client_id", value: "11.22", scope: "workspace" },
        ],
      },
    ]);
  });

  it("is joined with other tools' account numbers only where somebody says that the user id is one", async () => {
    load(member(1, { userId: "1001" }));
    const [person] = peopleOf((await read(null, { userIdIsAccountNumber: true })).pages).values();
    expect(person?.externalIds[0]).toEqual({ kind: "account_id", value: "1001", scope: "workspace" });
  });

  it.each(["", "(not set)", "(other)"])(
    "is nobody where the user id is %j: no value of Google's own is an identifier",
    async (userId) => {
      load(member(1, { userId }), member(2, { deviceId: "(not set)" }));
      const people = [...peopleOf((await read()).pages).values()];
      expect(people.map(({ externalIds }) => externalIds.map(({ value }) => value))).toEqual([["u-000002"]]);
    },
  );

  it("whose user id is an e-mail address is refused, without the address in the reason", async () => {
    load(member(1, { userId: "ada@marlowbooks.co.uk" }), member(2));
    const { pages } = await read();
    const rejects = pages.flatMap((page) => page.rejects);
    expect(rejects.map(({ reason }) => reason)).toEqual([expect.stringContaining("e-mail address")]);
    expect(rejects[0]?.reason).not.toContain("ada@");
    expect(peopleOf(pages).size).toBe(1);
  });

  it("who may not be shown personalised ads has said no to ad audiences; one who may has said nothing", async () => {
    load(member(1, { adsAllowed: false }), member(2));
    const records = (await read()).pages.flatMap((page) => page.records);
    const consents = records.filter(({ kind }) => kind === "consent");
    expect(consents).toMatchObject([
      {
        state: "denied",
        channel: "ads",
        purpose: "ad_audience",
        person: { stream: "audience_members", id: "u-000001 1000001.1700000000" },
      },
    ]);
  });

  it("who left the audience is still a customer", async () => {
    load(member(1), member(2));
    const first = await read();
    place.twin.leave(member(1).id);
    place.advance(25 * HOUR);
    const { pages } = await read(first.next);
    expect(pages.some(({ fullScan }) => fullScan)).toBe(false);
    expect([...peopleOf(pages).values()].map(({ deleted }) => deleted)).toEqual([false]);
  });
});
