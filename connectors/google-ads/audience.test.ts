/** Audiences: hashes exactly as Google wants them, nobody without a grant, jobs to their real end. */
import { hash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import type { AudiencePerson, Joining } from "#connectors/core/audience.ts";
import { failureOf, openForContract } from "#connectors/core/contract-suite/account.ts";
import { audienceGrant, issueGrant } from "#connectors/core/grant.ts";
import type { Use } from "#connectors/core/grant.ts";
import { emailOf, identify, nameOf } from "./identifiers.ts";
import { ACCOUNT, seedOf } from "./fixtures.ts";
import { googleAds } from "./index.ts";
import { startGoogleAdsTwin } from "./twin/index.ts";
import type { GoogleAdsTwin } from "./twin/index.ts";

const NAME = "tributary_audience_best_customers";
const CODE = "tributary-audience-best-customers";
const definition = { name: NAME, title: "Best customers", description: "For tests" };

const grantFor = (...uses: Use[]) =>
  issueGrant({ profileId: "p", uses, entryIds: ["e"], rulesVersion: "1", decidedAt: "2026-11-20T12:00:00.000Z" });
const grant = audienceGrant(grantFor({ purpose: "ad_audience", channel: "ads" }));

const person = (fields: Partial<AudiencePerson> = {}): AudiencePerson => ({
  ...{ email: "ada@hollowpine.co.uk", phone: null, firstName: null, lastName: null, country: null, postcode: null },
  ...fields,
});
const memberOf = (n: number) => identify(person({ email: `person${n}@hollowpine.co.uk` })) ?? "";
const sha = (text: string) => hash("sha256", text, "hex");

let twin: GoogleAdsTwin;
afterEach(() => twin?.close());
async function open(settings: object = { audience: { customerMatchTerms: "accepted" } }, more: object = {}) {
  twin = await startGoogleAdsTwin({ requestsPerSecond: 1_000 });
  twin.load(seedOf({}));
  const credentials = { key: twin.accessToken, customerId: ACCOUNT, ...more };
  return openForContract(googleAds, { settings, credentials, baseUrl: twin.url });
}
const joining = (count: number): Joining[] =>
  Array.from({ length: count }, (_, n) => ({ id: `m${n}`, member: memberOf(n), grant }));
const begun: [string, readonly string[]][] = [];
const context = { begun: async (job: string, ids: readonly string[]) => void begun.push([job, ids]) };

describe("who somebody is to Google", () => {
  it("e-mail: trimmed, lower case; at Gmail without dots and what follows a plus, elsewhere as it is", () => {
    expect(emailOf("  Ada.Marsh@HollowPine.co.uk ")).toBe("ada.marsh@hollowpine.co.uk");
    expect(emailOf("A.d.a+shop@Gmail.com")).toBe("ada@gmail.com");
    expect(emailOf("a.da+x+y@googlemail.com")).toBe("ada@googlemail.com");
    expect(emailOf("ada+shop@hollowpine.co.uk")).toBe("ada+shop@hollowpine.co.uk");
    for (const wrong of ["", "ada", "ada@", "@x.de", "a b@x.de", "+x@gmail.com", null])
      expect(emailOf(wrong)).toBeNull();
  });

  it("SHA-256 in lower-case hex, of e-mail and of the number in E.164 with its plus", () => {
    expect(JSON.parse(identify(person({ phone: "+44 7400 000037" })) ?? "")).toEqual([
      { emailAddress: sha("ada@hollowpine.co.uk") },
      { phoneNumber: sha("+447400000037") },
    ]);
    // A number without its country could be anybody's.
    expect(JSON.parse(identify(person({ phone: "07400 000037" })) ?? "")).toHaveLength(1);
  });

  it("names lower case without punctuation and hashed, country and postcode as they are, and only whole", () => {
    expect(nameOf("  O’Neill-Smith, Jr. ")).toBe("oneillsmith jr");
    const whole = { firstName: "Ada", lastName: "Marsh", country: "gb", postcode: "LS1 4AP" };
    expect(JSON.parse(identify(person(whole)) ?? "")[1]).toEqual({
      address: { givenName: sha("ada"), familyName: sha("marsh"), regionCode: "GB", postalCode: "LS1 4AP" },
    });
    for (const missing of Object.keys(whole))
      expect(JSON.parse(identify(person({ ...whole, [missing]: null })) ?? "")).toHaveLength(1);
  });

  it("a name and a postcode alone are nobody", () => {
    expect(
      identify(person({ email: null, firstName: "Ada", lastName: "Marsh", country: "GB", postcode: "LS1" })),
    ).toBeNull();
  });
});

describe("consent", () => {
  it("no grant for advertising, no add: by type, and at the border", () => {
    for (const uses of [
      [],
      [{ purpose: "personalisation", channel: "any" }],
      [{ purpose: "marketing", channel: "ads" }],
    ] as Use[][])
      expect(() => audienceGrant(grantFor(...uses))).toThrow("Nobody joins");
    // @ts-expect-error Another grant than one for advertising is no argument.
    const wrong: Joining = { id: "m", member: memberOf(0), grant: grantFor() };
    expect(wrong.id).toBe("m");
  });
});

describe("adding and removing", () => {
  it("makes the audience once, finds it again, and says what is in the way", async () => {
    const connection = await open();
    expect(await connection.ensureAudience(definition)).toEqual({ name: NAME, outcome: "created" });
    expect(await connection.ensureAudience(definition)).toEqual({ name: NAME, outcome: "exists" });
  });

  it("adds people with the consent object and Google's terms, and takes them out by the same hashes", async () => {
    const connection = await open();
    await connection.ensureAudience(definition);
    const added = await connection.addMembers(NAME, joining(3), context);
    expect(added).toEqual(["m0", "m1", "m2"].map((id) => ({ id, outcome: "written" })));
    expect(twin.membersOf(CODE)).toEqual([0, 1, 2].map(memberOf));
    const out = await connection.removeMembers(NAME, [{ id: "m1", member: memberOf(1) }], context);
    expect(out).toEqual([{ id: "m1", outcome: "written" }]);
    expect(twin.membersOf(CODE)).toEqual([0, 2].map(memberOf));
    expect(await connection.removeMembers(NAME, [], context)).toEqual([]);
  });

  it("success means accepted: the outcome is what the job ended with, and a job that goes on is asked about again", async () => {
    const connection = await open();
    await connection.ensureAudience(definition);
    begun.length = 0;
    twin.faults.jobTakesMs = 3_600_000;
    const first = await connection.addMembers(NAME, joining(2), context);
    expect(first.map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
    expect(begun).toEqual([["job-1", ["m0", "m1"]]]);
    twin.advance(3_600_001);
    const again = await connection.addMembers(
      NAME,
      joining(2).map((one) => ({ ...one, job: "job-1" })),
      context,
    );
    expect(again.map(({ outcome }) => outcome)).toEqual(["written", "written"]);
    expect(twin.requests.get("POST /v1/audienceMembers::ingest")).toBe(1);
  });

  it("a job that failed added nobody; one that did a part of it may have added anybody", async () => {
    const connection = await open();
    await connection.ensureAudience(definition);
    twin.faults.jobEnds = "FAILED";
    const failed = await connection.addMembers(NAME, joining(2), context);
    expect(failed.map(({ outcome }) => outcome)).toEqual(["rejected", "rejected"]);
    expect(failed[0]?.reason).toContain("PROCESSING_ERROR_REASON_INVALID_FORMAT");
    twin.faults.jobEnds = "PARTIAL_SUCCESS";
    const partly = await connection.addMembers(NAME, joining(2), context);
    expect(partly.map(({ outcome }) => outcome)).toEqual(["written", "written"]);
  });

  it("a removal that did a part of it has removed nobody for sure", async () => {
    const connection = await open();
    await connection.ensureAudience(definition);
    await connection.addMembers(NAME, joining(2), context);
    twin.faults.jobEnds = "PARTIAL_SUCCESS";
    const out = await connection.removeMembers(NAME, joining(2), context);
    expect(out.map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
  });

  it("where the audience is gone nobody is in it, and nobody is added to it", async () => {
    const connection = await open();
    expect((await connection.removeMembers(NAME, joining(1), context))[0]?.outcome).toBe("written");
    expect((await connection.addMembers(NAME, joining(1), context))[0]?.outcome).toBe("rejected");
  });

  it("a missing scope is named, and concerns no single person", async () => {
    const connection = await open();
    await connection.ensureAudience(definition);
    twin.faults.denied.add("https://www.googleapis.com/auth/datamanager");
    expect(await failureOf(connection.addMembers(NAME, joining(1), context))).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("https://www.googleapis.com/auth/datamanager"),
    });
  });

  it("no account is guessed", async () => {
    const connection = await open(undefined, { customerId: undefined });
    expect((await failureOf(connection.ensureAudience(definition)))?.kind).toBe("permission");
  });

  it("nobody is wanted before somebody agreed to Google's terms", () => {
    expect(googleAds.audienceWanted({})).toBeNull();
    expect(() => googleAds.audienceWanted({ audience: {} })).toThrow();
    expect(googleAds.audienceWanted({ audience: { customerMatchTerms: "accepted" } })).toMatchObject({ size: 1_000 });
    expect(googleAds.limits["audience_write"]).toMatchObject({
      calls: 69,
      windowMs: 60_000,
      countedFor: "app",
      fixed: true,
    });
  });
});

/** https://github.com/googleapis/google-api-python-client, googleapiclient/discovery_cache/documents/datamanager.v1.json */
const PATH =
  process.env["DATA_MANAGER_DISCOVERY"] ??
  fileURLToPath(new URL("../../../shared/specs/google/datamanager.v1.json", import.meta.url));

interface Schema {
  $ref?: string;
  type?: string;
  enum?: string[];
  items?: Schema;
  properties?: Record<string, Schema>;
}

describe.skipIf(!existsSync(PATH))("Google's description of the Data Manager API (not here if skipped)", () => {
  const { schemas } = JSON.parse(existsSync(PATH) ? readFileSync(PATH, "utf8") : "{}") as {
    schemas: Record<string, Schema>;
  };

  function problems(value: unknown, schema: Schema | undefined, at: string): string[] {
    if (schema === undefined) return [`${at}: no such field`];
    if (schema.$ref !== undefined) return problems(value, schemas[schema.$ref], at);
    if (schema.type === "array") return (value as unknown[]).flatMap((one) => problems(one, schema.items, `${at}[]`));
    if (schema.enum !== undefined) return schema.enum.includes(String(value)) ? [] : [`${at}: ${String(value)}`];
    if (schema.properties === undefined) return typeof value === schema.type ? [] : [`${at}: ${schema.type}`];
    return Object.entries(value as object).flatMap(([name, inner]) =>
      problems(inner, schema.properties?.[name], `${at}.${name}`),
    );
  }

  it("knows every field that we send and that the stand-in answers", async () => {
    const seen: { path: string; method: string; sent: unknown; got: unknown }[] = [];
    const real = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      const reply = await real(input, init);
      const url = new URL(input instanceof Request ? input.url : input);
      const sent: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : null;
      seen.push({ path: url.pathname, method: init?.method ?? "GET", sent, got: await reply.clone().json() });
      return reply;
    };
    try {
      const connection = await open();
      await connection.ensureAudience(definition);
      const whole = identify(
        person({ phone: "+447400000037", firstName: "A", lastName: "M", country: "GB", postcode: "L" }),
      );
      await connection.addMembers(NAME, [...joining(2), { id: "w", member: whole ?? "", grant }], context);
      twin.faults.jobEnds = "PARTIAL_SUCCESS";
      await connection.removeMembers(NAME, joining(1), context);
    } finally {
      globalThis.fetch = real;
    }
    const forms: [RegExp, string, string, string][] = [
      [/userLists$/, "POST", "UserList", "UserList"],
      [/userLists$/, "GET", "", "ListUserListsResponse"],
      [/:ingest$/, "POST", "IngestAudienceMembersRequest", "IngestAudienceMembersResponse"],
      [/:remove$/, "POST", "RemoveAudienceMembersRequest", "RemoveAudienceMembersResponse"],
      [/:retrieve$/, "GET", "", "RetrieveRequestStatusResponse"],
    ];
    for (const [path, method, request, reply] of forms) {
      const calls = seen.filter((call) => path.test(call.path) && call.method === method);
      expect(calls.length, String(path)).toBeGreaterThan(0);
      for (const { sent, got } of calls) {
        if (request !== "") expect(problems(sent, schemas[request], request)).toEqual([]);
        expect(problems(got, schemas[reply], reply)).toEqual([]);
      }
    }
  });
});
