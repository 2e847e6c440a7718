/** What no tool says: opt-outs from a list, confirmed questions, suppressed addresses, what the admin decides, what has ended. */
import { Readable } from "node:stream";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readOptOuts, writeOptOuts } from "#console/opt-out-list.ts";
import { decide } from "#profile/consent/decide.ts";
import type { ProfileId } from "#profile/ids.ts";
import { createConsentLedger, type ConsentLedger } from "#profile/store/consent/ledger-store.ts";
import type { OptOut, OptOutCursor } from "#profile/store/consent/opt-outs.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import type { Database } from "#profile/store/database.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { consent, order, page, person } from "#tests/support/records.ts";

const DAY = 86_400_000;
/** Entries are recorded by the database's clock. */
const NOW = new Date().toISOString();
const daysAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString();
const EMAIL = { purpose: "marketing", channel: "email" } as const;

let shop: Shop;
let database: Database;
let ledger: ConsentLedger;
let n = 0;
/** The person of a test: nobody else has met them. */
let id: string;
let address: string;

beforeAll(async () => {
  shop = await openShop();
  database = shop.database;
  ledger = createConsentLedger(database);
});
afterAll(() => shop.drop());
beforeEach(() => {
  n += 1;
  id = `p${n}`;
  address = `person${n}@brightleaf.co.uk`;
});

const anna = (fields = {}) => person(id, { firstName: "Anna", lastName: `Hill${n}`, emails: [address], ...fields });

async function refresh(at = new Date().toISOString()): Promise<void> {
  await shop.resolveAll();
  await shop.refreshConsents(at);
}

const allowed = async (use: Partial<Parameters<ConsentLedger["allowed"]>[1]> = {}, at = new Date().toISOString()) =>
  ledger.allowed(shop.workspaceId, { profileId: await shop.profileOf(id), ...EMAIL, ...use }, at);

/** What a write to the record would be told, and what plans rest on. */
async function doors(at = new Date().toISOString()): Promise<[boolean, string | undefined]> {
  const facts = (await shop.consent.basisFor(shop.workspaceId, [shop.idOf(id)])).factsOf(shop.idOf(id), at);
  if (facts === undefined) throw new Error("nobody's");
  const [state] = await shop.rows<{ state: string }>(
    `SELECT state FROM consent_state WHERE workspace_id = $1 AND profile_id = $2 AND channel = 'email' AND purpose = 'marketing'`,
    await shop.profileOf(id),
  );
  return [!("refused" in decide(facts, [EMAIL], at)), state?.state];
}

async function imported(csv: string) {
  const counts = { entered: 0, refused: [] as string[] };
  for await (const read of readOptOuts(Readable.from([csv]), { name: "list.csv", timeZone: "Europe/London" })) {
    const { entered } = await ledger.enter(shop.workspaceId, read.statements, "test");
    counts.entered += entered;
    counts.refused.push(...read.refused.map(({ line, reason }) => `${line}: ${reason}`));
  }
  return counts;
}

async function exported(): Promise<string[]> {
  async function* pages(): AsyncGenerator<OptOut[]> {
    for (let after: OptOutCursor | null = { people: null }; after !== null;) {
      const { optOuts, next } = await ledger.optOuts(shop.workspaceId, { after, limit: 3 });
      yield optOuts;
      after = next;
    }
  }
  const out = new PassThrough();
  const written = text(out);
  await writeOptOuts(pages(), out);
  return (await written).trim().split("\n");
}

describe("a list of opt-outs", () => {
  it("counts at once when something is sent, for plans after the next refresh, and makes one entry", async () => {
    await shop.save([anna(), consent(`yes${n}`, id, { effectiveAt: "2026-05-01T00:00:00Z" })]);
    await refresh();
    expect(await doors()).toEqual([true, "granted"]);
    const csv = `Email,since\n${address.toUpperCase()},2026-11-02\n`;
    expect(await imported(csv)).toEqual({ entered: 1, refused: [] });
    expect((await doors())[0]).toBe(false);
    await refresh();
    expect(await doors()).toEqual([false, "withdrawn"]);
    expect((await imported(csv)).entered).toBe(0);
    expect((await allowed()).sentence).toBe(
      "E-mail marketing: not allowed - withdrawn for this address on 2 November 2026 (Opt-out list list.csv; in another record)",
    );
  });

  it("takes no yes, no address that is none and no date that is none, and says so by line", async () => {
    const csv = `address,state,since,channel\n${address},subscribed,,\n${address},,soon,\n,,,\n${address},,,pigeon\n`;
    expect((await imported(csv)).refused).toEqual([
      "2: it is a yes: only opt-outs are taken from a list",
      "3: its date is none: write 2026-11-28 or 2026-11-28T10:00:00Z",
      "4: it has no address",
      expect.stringContaining("5: its channel is none of email"),
    ]);
    await expect(imported("name\nAnna\n")).rejects.toThrow("No column holds addresses");
  });

  it("with a reply revokes every text and call where it asks to stop", async () => {
    const number = `+4474001${String(10_000 + n)}`;
    await shop.save([
      anna({ phones: [number] }),
      consent(`sms${n}`, id, { channel: "sms", address: number, effectiveAt: "2026-05-01T00:00:00Z" }),
    ]);
    await refresh();
    const text = { channel: "sms" } as const;
    expect((await allowed(text)).allowed).toBe(true);
    expect(await imported(`phone,reply\n${number},What is this?\n`)).toMatchObject({ entered: 0 });
    expect(await imported(`phone,reply\n${number},ARRÊT\n`)).toMatchObject({ entered: 2 });
    expect((await allowed(text)).allowed).toBe(false);
    expect((await allowed({ channel: "call" })).sentence).toContain("withdrawn for this address");
  });

  it("comes out as it went in: people's, and those of addresses that nobody holds", async () => {
    await shop.save([anna(), consent(`no${n}`, id, { state: "withdrawn", effectiveAt: "2026-05-01T00:00:00Z" })]);
    await refresh();
    const nobody = `nobody${n}@brightleaf.co.uk`;
    await imported(`address\n${nobody}\n`);
    const rows = await exported();
    expect(rows[0]).toBe("address,channel,purpose,state,since,cause,reason");
    expect(
      rows.filter((row) => row.startsWith(`${address},email,marketing,withdrawn,2026-05-01T00:00:00.000Z`)),
    ).toHaveLength(1);
    expect(rows.filter((row) => row.startsWith(`${nobody},email,marketing,withdrawn,`))).toHaveLength(1);
    // What was let go is a list that can be taken in again, and says nothing new.
    expect((await imported(rows.join("\n"))).refused).toEqual([]);
  });
});

describe("a suppressed address", () => {
  it("is left alone though its holder says yes later, until it is released; and bounces anew", async () => {
    const yes = consent(`yes${n}`, id, { address, explicit: true, effectiveAt: daysAgo(20) });
    await shop.save([anna(), yes]);
    await imported(`address,cause,since\n${address},hard_bounce,2026-05-01\n`);
    await refresh();
    expect(await doors()).toEqual([false, "denied"]);
    expect((await allowed({ address })).sentence).toContain("the address is suppressed since 1 May 2026");
    const isListed = async () =>
      (await exported()).some((row) => row.startsWith(`${address},`) && row.includes("hard_bounce"));
    expect(await isListed()).toBe(true);
    const release = (effectiveAt: string) =>
      ledger.enter(
        shop.workspaceId,
        [{ address, channel: "email", purpose: "any", state: "denied", cause: "released", effectiveAt, proof: "" }],
        "test",
      );
    await release(daysAgo(19));
    await refresh();
    expect(await doors()).toEqual([true, "granted"]);
    expect(await isListed()).toBe(false);
    await imported(`address,cause,since\n${address},hard_bounce,${daysAgo(10).slice(0, 10)}\n`);
    expect((await doors())[0]).toBe(false);
    expect(await isListed()).toBe(true);
    await release(daysAgo(9));
    expect((await doors())[0]).toBe(true);
  });
});

describe("double opt-in", () => {
  const at = daysAgo(5);
  const asked = async () => {
    const answer = await ledger.ask(
      shop.workspaceId,
      { address, channel: "email", purpose: "marketing", wording: "v4" },
      at,
    );
    return answer?.token ?? "";
  };

  it("permits nothing until the holder of the address sends the form, whoever follows the link", async () => {
    await shop.save([anna()]);
    await refresh();
    const token = await asked();
    expect((await allowed()).sentence).toContain("not confirmed yet");
    const answer = (method: string, when = daysAgo(4)) => ledger.confirm(shop.workspaceId, { token, method }, when);
    expect([await answer("GET"), await answer("HEAD")]).toEqual(["not_sent", "not_sent"]);
    expect((await allowed()).allowed).toBe(false);
    expect(await answer("POST")).toBe("confirmed");
    expect(await allowed({ address })).toMatchObject({
      allowed: true,
      sentence: expect.stringMatching(
        /^E-mail marketing: allowed - confirmed on \d+ \w+ \d{4} \(form v4 \(double opt-in\)\)$/,
      ),
    });
    await refresh();
    expect(await doors()).toEqual([true, "granted"]);
    // A second answer is no second yes.
    await shop.save([consent(`no${n}`, id, { state: "withdrawn", effectiveAt: daysAgo(3) })]);
    expect(await answer("POST", daysAgo(2))).toBe("confirmed");
    expect((await allowed()).allowed).toBe(false);
  });

  it("is over after a week, and a made-up token is nobody's", async () => {
    await shop.save([anna()]);
    await refresh();
    const token = await asked();
    expect(await ledger.confirm(shop.workspaceId, { token, method: "POST" }, daysAgo(-3))).toBe("expired");
    expect(await ledger.confirm(shop.workspaceId, { token: "made-up", method: "POST" }, at)).toBe("unknown");
    expect((await allowed({}, daysAgo(-3))).sentence).toContain("never confirmed");
    const kept = await shop.rows<{ rows: number }>(
      "SELECT count(*)::int AS rows FROM consent_confirmation WHERE workspace_id = $1 AND address = $2 AND encode(token_hash, 'hex') = $3",
      address,
      Buffer.from(token).toString("hex"),
    );
    expect(kept).toEqual([{ rows: 0 }]);
  });
});

describe("the law", () => {
  it("is that of where the person lives, once the admin says that opt-out rules may be used", async () => {
    await shop.save([anna({ country: "US" }), person(`de${n}`, { country: "DE", lastName: "Berg" })]);
    await refresh();
    expect(await doors()).toEqual([false, undefined]);
    await ledger.setPolicy(shop.workspaceId, { optOutRules: true }, "test");
    expect((await doors())[0]).toBe(true);
    await refresh();
    expect(await doors()).toEqual([true, "not_required"]);
    const german = { profileId: await shop.profileOf(`de${n}`) };
    expect((await allowed(german)).sentence).toContain("no consent recorded");
    // A number of another country makes its law plausible as well.
    await shop.save([anna({ country: "US", phones: ["+49 151 12345678"], updatedAt: "2026-06-01T00:00:00Z" })]);
    await refresh();
    expect((await doors())[0]).toBe(false);
    await ledger.setPolicy(shop.workspaceId, { optOutRules: false }, "test");
    await refresh();
  });
});

describe("a browser of a known person", () => {
  it("refuses advertising by its signal, once however often it is sent", async () => {
    const ads = { purpose: "ad_audience", channel: "ads" } as const;
    await shop.save([anna(), consent(`ads${n}`, id, { ...ads, effectiveAt: "2026-05-01T00:00:00Z" })]);
    await refresh();
    expect((await allowed(ads)).allowed).toBe(true);
    const send = (secGpc: string) =>
      ledger.signal(shop.workspaceId, shop.idOf(id), { secGpc }, new Date().toISOString());
    expect([(await send("0")).entered, (await send("1")).entered, (await send("1")).entered]).toEqual([0, 2, 0]);
    expect((await allowed(ads)).sentence).toContain("browser opt-out signal seen");
    expect((await allowed({ purpose: "sale_or_share", channel: "any" })).allowed).toBe(false);
  });
});

describe("a child", () => {
  it("is one from the page that gives the date of birth", async () => {
    const yes = consent(`yes${n}`, id, { explicit: true, effectiveAt: "2026-05-01T00:00:00Z" });
    await shop.save([anna({ birthDate: `${new Date().getUTCFullYear() - 10}-04-01` }), yes]);
    await refresh();
    expect(await doors()).toEqual([false, "denied"]);
    expect((await allowed({ purpose: "personalisation", channel: "any" })).sentence).toContain("under age");
  });
});

describe("what has ended by itself", () => {
  const ended = (at = new Date().toISOString()) => ledger.enterEnded(shop.workspaceId, { at, limit: 100 });

  it("is entered once, and the answer stays what it was", async () => {
    await ended();
    await shop.save([
      anna(),
      consent(`yes${n}`, id, { effectiveAt: "2026-05-01T00:00:00Z", expiresAt: "2026-06-01T00:00:00Z" }),
    ]);
    await refresh();
    expect(await doors()).toEqual([false, "expired"]);
    expect([await ended(), await ended()]).toEqual([1, 0]);
    await refresh();
    expect(await doors()).toEqual([false, "expired"]);
    expect([await ended(), (await allowed()).sentence]).toEqual([
      0,
      "E-mail marketing: not allowed - expired on 1 June 2026 (Its time had come.)",
    ]);
  });

  it("is a yes of somebody nobody heard of for as long as the admin said, and of nobody else", async () => {
    const yes = (of: string) => consent(`yes${of}`, of, { effectiveAt: "2022-05-01T00:00:00Z" });
    await shop.save([anna(), yes(id), person(`buyer${n}`, { lastName: "Wood" }), yes(`buyer${n}`)]);
    await shop.save([order(`o${n}`, `buyer${n}`, { placedAt: "2026-04-01T10:00:00Z" })]);
    await refresh();
    await ended();
    expect((await allowed()).allowed).toBe(true);
    await ledger.setPolicy(shop.workspaceId, { inactivityMonths: 36 }, "test");
    expect(await ended()).toBe(1);
    expect((await allowed()).sentence).toContain("Nothing was heard of the person for 36 months.");
    expect((await allowed({ profileId: await shop.profileOf(`buyer${n}`) })).allowed).toBe(true);
    await ledger.setPolicy(shop.workspaceId, { inactivityMonths: null }, "test");
  });
});

describe("tools that disagree", () => {
  it("are named: who is stricter, since when, and what counts here", async () => {
    const other = await createConnectionStore(database).upsertConnection(
      shop.workspaceId,
      { connector: "csv", name: "Till" },
      "test",
    );
    const said = { explicit: true, effectiveAt: "2026-05-01T00:00:00Z" };
    await shop.save([anna(), consent(`yes${n}`, id, said)]);
    await createIngestStore(database).savePage(shop.workspaceId, {
      ...{ connectionId: other.connectionId, stream: "people", from: null },
      page: page([anna(), consent(`no${n}`, id, { state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" })]),
    });
    await refresh();
    const rows = [];
    for (let after: ProfileId | null = null, more = true; more;) {
      const found = await ledger.drift(shop.workspaceId, { after, limit: 2, at: NOW });
      rows.push(...found.rows);
      after = found.next;
      more = after !== null;
    }
    const profileId = await shop.profileOf(id);
    expect(rows.filter((row) => row.profileId === profileId)).toEqual([
      {
        ...{ profileId, channel: "email", purpose: "marketing", here: "withdrawn" },
        stricter: { connectionId: other.connectionId, state: "withdrawn", since: "2026-06-01T00:00:00.000Z" },
        looser: { connectionId: shop.connectionId, state: "granted", since: "2026-05-01T00:00:00.000Z" },
      },
    ]);
  });
});
