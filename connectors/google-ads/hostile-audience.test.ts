/** Audiences against a server written from Google's reference alone, with bad manners. */
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Joining } from "#connectors/core/audience.ts";
import { failureOf, openForContract } from "#connectors/core/contract-suite/account.ts";
import { audienceGrant, issueGrant } from "#connectors/core/grant.ts";
import { ACCOUNT } from "./fixtures.ts";
import { identify } from "./identifiers.ts";
import { googleAds } from "./index.ts";

const NAME = "tributary_audience_best_customers";
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const LIST = {
  id: "77",
  displayName: "Best",
  integrationCode: "tributary-audience-best-customers",
  membershipStatus: "OPEN",
};
type Answer = (reply: ServerResponse) => unknown;

/** By the end of the path; what is returned goes out as JSON. */
async function open(answers: Record<string, Answer>) {
  const usual: Record<string, Answer> = {
    userLists: () => ({ userLists: [LIST] }),
    "audienceMembers:ingest": () => ({ requestId: "r1" }),
    "audienceMembers:remove": () => ({ requestId: "r2" }),
    "requestStatus:retrieve": () => ({ requestStatusPerDestination: [{ requestStatus: "SUCCESS" }] }),
  };
  const asked: string[] = [];
  const server = createServer((request, reply) => {
    request.resume().on("end", () => {
      const name = new URL(request.url ?? "", "http://x").pathname.split("/").at(-1) ?? "";
      asked.push(name);
      const said = { ...usual, ...answers }[name]?.(reply);
      if (!reply.writableEnded) reply.setHeader("content-type", "application/json").end(JSON.stringify(said ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  const connection = openForContract(googleAds, {
    ...{
      settings: { audience: { customerMatchTerms: "accepted" } },
      credentials: { key: "ya29.x", customerId: ACCOUNT },
    },
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  });
  return { connection, asked };
}

const grant = audienceGrant(
  issueGrant({
    ...{ profileId: "p", uses: [{ purpose: "ad_audience", channel: "ads" }], entryIds: [], rulesVersion: "1" },
    decidedAt: "2026-11-20T12:00:00.000Z",
  }),
);
const nobody = { phone: null, firstName: null, lastName: null, country: null, postcode: null };
const people = (count: number): Joining[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ id: `m${n}`, member: identify({ ...nobody, email: `p${n}@hollowpine.co.uk` }) ?? "", grant },
  }));
const context = { begun: async () => undefined };
const status = (...all: unknown[]): Record<string, Answer> => ({
  "requestStatus:retrieve": () => ({ requestStatusPerDestination: all }),
});
const refuse =
  (code: number, body: unknown = {}): Answer =>
  (reply) => {
    reply.statusCode = code;
    return body;
  };

describe("what became of a job", () => {
  it.each([
    ["no destination", status()],
    ["two destinations", status({ requestStatus: "SUCCESS" }, { requestStatus: "SUCCESS" })],
    ["a state that is new", status({ requestStatus: "MOSTLY_DONE" })],
    ["a state that is not known", status({ requestStatus: "REQUEST_STATUS_UNKNOWN" })],
    ["still under way", status({ requestStatus: "PROCESSING" })],
  ])("%s: nobody is called added or removed", async (_, answers) => {
    const { connection } = await open(answers);
    for (const results of [
      await connection.addMembers(NAME, people(2), context),
      await connection.removeMembers(NAME, people(2), context),
    ])
      expect(results.map(({ outcome }) => outcome)).toEqual(["retry", "retry"]);
  });

  it("a status in no known form, or nothing at all, is nobody's success", async () => {
    const { connection } = await open({ "requestStatus:retrieve": () => ({ requestStatusPerDestination: [{}] }) });
    expect((await failureOf(connection.addMembers(NAME, people(1), context)))?.kind).toBe("contract");
    const none = await open({ "audienceMembers:ingest": () => ({ requestId: "" }) });
    expect((await failureOf(none.connection.addMembers(NAME, people(1), context)))?.kind).toBe("contract");
  });
});

describe("a job from before", () => {
  const before = people(1).map((one) => ({ ...one, job: "r0" }));

  it("that Google has forgotten is ordered once more", async () => {
    let looks = 0;
    const forgotten = { error: { code: 404, message: "Not found.", status: "NOT_FOUND" } };
    const { connection, asked } = await open({
      "requestStatus:retrieve": (reply) =>
        (looks += 1) === 1
          ? refuse(404, forgotten)(reply)
          : { requestStatusPerDestination: [{ requestStatus: "SUCCESS" }] },
    });
    expect((await connection.addMembers(NAME, before, context))[0]?.outcome).toBe("written");
    expect(asked.filter((name) => name === "audienceMembers:ingest")).toHaveLength(1);
  });

  it("that a proxy says is not found is asked about later, and not ordered again", async () => {
    const { connection, asked } = await open({
      "requestStatus:retrieve": (reply) => {
        reply.statusCode = 404;
        reply.setHeader("content-type", "text/html").end("<h1>Not found</h1>");
      },
    });
    expect((await failureOf(connection.addMembers(NAME, before, context)))?.kind).toBe("transient");
    expect(asked).not.toContain("audienceMembers:ingest");
  });
});

describe("refusals", () => {
  it("a quota of the project is waited for, and nobody is blamed", async () => {
    const details = [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "RATE_LIMIT_EXCEEDED",
        metadata: { quota_limit: "Ingest" },
      },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "12s" },
    ];
    const error = { code: 429, message: "Quota of ada@hollowpine.co.uk", status: "RESOURCE_EXHAUSTED", details };
    const { connection } = await open({ "audienceMembers:ingest": refuse(429, { error }) });
    const failure = await failureOf(connection.addMembers(NAME, people(2), context));
    expect(failure).toMatchObject({ kind: "rate_limited", details: { retryAfterMs: 12_000 } });
    expect(`${failure?.message}`).not.toContain("ada@");
  });

  it("a server that breaks between two calls keeps the answers of the first", async () => {
    let orders = 0;
    const { connection } = await open({
      "audienceMembers:ingest": (reply) => ((orders += 1) === 1 ? { requestId: "r1" } : refuse(503)(reply)),
    });
    const results = await connection.addMembers(NAME, people(10_001), context);
    expect([results[0]?.outcome, results[9_999]?.outcome, results[10_000]?.outcome]).toEqual([
      "written",
      "written",
      "retry",
    ]);
  });

  it("two audiences with our code: nobody is sent to either", async () => {
    const { connection, asked } = await open({ userLists: () => ({ userLists: [LIST, { ...LIST, id: "78" }] }) });
    expect((await failureOf(connection.addMembers(NAME, people(1), context)))?.kind).toBe("contract");
    expect(asked).not.toContain("audienceMembers:ingest");
    const definition = { name: NAME, title: "t", description: "d" };
    expect(await connection.ensureAudience(definition)).toMatchObject({ outcome: "conflict" });
  });

  it("a list of audiences that goes round in circles is no word that ours is gone", async () => {
    const { connection } = await open({ userLists: () => ({ userLists: [], nextPageToken: "again" }) });
    expect((await failureOf(connection.removeMembers(NAME, people(1), context)))?.kind).toBe("contract");
  });

  it("a closed audience is in the way, with what to do", async () => {
    const { connection } = await open({ userLists: () => ({ userLists: [{ ...LIST, membershipStatus: "CLOSED" }] }) });
    const report = await connection.ensureAudience({ name: NAME, title: "t", description: "d" });
    expect(report).toMatchObject({ outcome: "conflict", reason: expect.stringContaining("open it") });
  });
});
