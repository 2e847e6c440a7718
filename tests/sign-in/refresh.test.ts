/** Tokens that end, rotate, get lost and are taken away, at a vendor that forgives nothing. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConnectorError } from "#connectors/core/errors.ts";
import { disconnect } from "#console/connections.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import { createLogger } from "#logger.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { findConditions } from "#workflows/attention/find.ts";
import { lookAfterSignIns } from "#workflows/sign-ins/keep.ts";
import { startPlace, type Place } from "./place.ts";

const HOUR_MS = 3_600_000;
const TOKEN = "POST /oauth/2026-03/token";

let place: Place;
beforeAll(async () => {
  // Each refresh token is good once, and whoever uses one again ends the sign-in.
  place = await startPlace({ hubspot: { refresh: "rotate-at-once" } });
});
afterAll(() => place.stop());
afterEach(() => {
  Object.assign(place.hubspot.signIn.faults, { loseReplies: 0, slowMs: 0, broken: { count: 0, status: 503 } });
  place.hubspot.faults.revoked = false;
});

const answered = () => place.hubspot.answers.get(`${TOKEN} 200`) ?? 0;

async function signedIn(tool = "hubspot", way?: string): Promise<{ workspaceId: WorkspaceId; row: Connection }> {
  const workspaceId = await place.newWorkspace();
  await place.signIn(workspaceId, tool, way === undefined ? {} : { way });
  const [row] = await place.connectionsOf(workspaceId);
  if (row === undefined) throw new Error("It was just connected.");
  return { workspaceId, row };
}

const statusOf = async (row: Connection) =>
  (await place.deps.connections.get(row.workspaceId, row.connectionId)).status;
const open = (row: Connection) =>
  openConnection(place.deps, row.workspaceId, row.connectionId, AbortSignal.timeout(60_000));

describe("an access token that ends", () => {
  it("is refreshed once for twenty workers and four processes that need it at the same moment", async () => {
    const { workspaceId, row } = await signedIn();
    const workers = Array.from({ length: 20 }, () =>
      createDependencies(
        { databaseUrl: place.test.appUrl, masterKeys: place.keys },
        createLogger({ name: "test", level: "fatal" }),
      ),
    );
    const [[keyId, key] = ["", Buffer.of()]] = place.keys.keys;
    const environment = {
      ...{ DATABASE_URL: place.test.appUrl, TRIBUTARY_KEY: key.toString("base64") },
      ...{ WORKSPACE_ID: workspaceId, CONNECTION_ID: row.connectionId, PATH: process.env["PATH"] ?? "" },
    };
    expect(keyId).toBe(place.keys.current);
    const script = fileURLToPath(new URL("./needs-access.ts", import.meta.url));
    const processes = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, [script], { env: environment, stdio: ["pipe", "pipe", "inherit"] });
      let out = "";
      child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
      const said = async (word: string) => {
        while (!out.includes(word)) await once(child.stdout, "data");
      };
      return { child, said, out: () => out };
    });
    await Promise.all(processes.map(({ said }) => said("ready")));
    await ended(row);
    place.hubspot.signIn.faults.slowMs = 300;
    const before = answered();
    for (const { child } of processes) child.stdin.write("now\n");
    const versions = await Promise.all(
      workers.map(({ dependencies }) => dependencies.signIns.access(row).then(({ version }) => version)),
    );
    await Promise.all(processes.map(({ said }) => said("version")));
    expect(answered() - before).toBe(1);
    expect(new Set([...versions.map(String), ...processes.map(({ out }) => /version (\d+)/.exec(out())?.[1])])).toEqual(
      new Set([String(versions[0])]),
    );
    await Promise.all(workers.map(({ close }) => close()));
    expect((await (await open(row)).connection.check()).account).toBe("48151623");
  });

  it("is refreshed before its end, while it is still good", async () => {
    const { row } = await signedIn();
    const { version, goodUntil } = await place.deps.signIns.access(row);
    place.advance(24 * 60_000);
    expect((await place.deps.signIns.access(row)).version).toBe(version);
    place.advance(2 * 60_000);
    expect(goodUntil - place.deps.now()).toBeLessThanOrEqual(0);
    expect((await place.deps.signIns.access(row)).version).toBe(version + 1);
  });

  it("is followed by the next one in the middle of reading, which goes on where it was", async () => {
    const { row } = await signedIn();
    const contacts = Array.from({ length: 250 }, (_, n) => ({ email: `person${n}@example.com` }));
    for (const properties of contacts) place.hubspot.create("contacts", properties);
    const opened = await open(row);
    const before = answered();
    const seen: string[] = [];
    for await (const page of opened.connection.read("contacts", null)) {
      for (const record of page.records) if (record.kind === "person") seen.push(record.id);
      place.advance(40 * 60_000);
    }
    expect(answered() - before).toBeGreaterThanOrEqual(2);
    expect(new Set(seen).size).toBe(250);
    expect(seen).toHaveLength(250);
  });

  it("is refreshed once where the vendor refuses it before its time, and the call is made again", async () => {
    const { row } = await signedIn();
    const opened = await open(row);
    await opened.connection.check();
    place.hubspot.signIn.endAccess();
    const before = answered();
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => opened.connection.check()));
    expect(answers.map(({ account }) => account)).toEqual(Array.from({ length: 5 }, () => "48151623"));
    expect(answered() - before).toBe(1);
  });

  it("is not refreshed a second time where the vendor refuses the next one too", async () => {
    const { row } = await signedIn();
    const opened = await open(row);
    place.hubspot.faults.revoked = true;
    const before = answered();
    await expect(opened.connection.check()).rejects.toMatchObject({ kind: "auth" });
    expect(answered() - before).toBe(1);
  });

  it("is kept before it is used: where the database does not take the new tokens, nobody gets them", async () => {
    const { row } = await signedIn();
    await ended(row);
    await asOwner("ALTER TABLE credential ADD CONSTRAINT not_now CHECK (version < 2) NOT VALID");
    const access = place.deps.signIns.access(row);
    const early = await Promise.race([
      access.then(() => "used"),
      new Promise((resolve) => setTimeout(resolve, 500, "waits")),
    ]);
    expect(early).toBe("waits");
    const before = answered();
    await asOwner("ALTER TABLE credential DROP CONSTRAINT not_now");
    // The vendor gave new tokens once; they were held on to until the database took them.
    const { version } = await access;
    expect(version).toBe(2);
    expect(answered()).toBe(before);
    expect((await (await open(row)).connection.check()).account).toBe("48151623");
  });
});

describe("a token that is never refreshed", () => {
  it("is not asked to be when the account leaves the platform: the connection needs its person", async () => {
    const { row } = await signedIn("stripe", "connect");
    const { connection } = await open(row);
    const before = place.stripe.requests.get("POST /oauth/token") ?? 0;
    place.stripe.signIns.connect.endAll();
    await expect(connection.check()).rejects.toMatchObject({ kind: "auth" });
    expect(place.stripe.requests.get("POST /oauth/token") ?? 0).toBe(before);
    place.advance(48 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    expect(place.stripe.requests.get("POST /oauth/token") ?? 0).toBe(before);
    await place.deps.credentials.remove(row.workspaceId, row.connectionId);
  });
});

describe("a reply to a refresh that is lost", () => {
  it("is asked for again where the old refresh token is still taken, and nobody notices", async () => {
    const { row } = await signedIn("stripe", "app");
    const { connection } = await open(row);
    place.advance(HOUR_MS);
    place.stripe.signIns.app.faults.loseReplies = 1;
    expect((await connection.check()).account).toBe("acct_1TwinTwinTwinTwin");
    expect(place.stripe.signIns.app.faults.loseReplies).toBe(0);
    place.advance(HOUR_MS);
    expect((await connection.check()).account).toBe("acct_1TwinTwinTwinTwin");
    expect(await statusOf(row)).toBe("ready");
  });

  it("asks the person where the vendor forgives nothing", async () => {
    const { row } = await signedIn();
    await ended(row);
    place.hubspot.signIn.faults.loseReplies = 1;
    await expect(place.deps.signIns.access(row)).rejects.toMatchObject({ kind: "auth" });
  });
});

describe("what does not end a sign-in", () => {
  it.each([
    ["a busy server", { status: 503 }, "transient"],
    [
      "a server that breaks while it says that the grant is invalid",
      { status: 500, body: { error: "invalid_grant" } },
      "transient",
    ],
    ["a proxy's refusal", { status: 403 }, "transient"],
    ["too many calls", { status: 429, body: { error: "rate_limit" } }, "rate_limited"],
    ["an app whose secret was replaced", { status: 401, body: { error: "invalid_client" } }, "contract"],
    ["an answer without a token", { status: 200, body: { token_type: "bearer" } }, "contract"],
    ["an answer with an error inside a success", { status: 200, body: { error: "invalid_grant" } }, "contract"],
    ["a request that it does not understand", { status: 400, body: { error: "invalid_request" } }, "contract"],
  ])("is %s", async (_, fault, kind) => {
    const { row } = await signedIn();
    await ended(row);
    place.hubspot.signIn.faults.broken = { count: 1, ...fault };
    await expect(place.deps.signIns.access(row)).rejects.toMatchObject({ kind });
    expect(await statusOf(row)).toBe("ready");
    expect((await (await open(row)).connection.check()).account).toBe("48151623");
  });
});

describe("sign-ins that nobody uses", () => {
  it("are refreshed within a day, also of a paused connection, and not more often", async () => {
    const { workspaceId, row } = await signedIn();
    await place.deps.connections.setStatus(workspaceId, row.connectionId, "paused", null, "test");
    const refreshedAt = async () => (await place.deps.credentials.signIns(workspaceId))[0]?.refreshedAt?.getTime() ?? 0;
    const first = await refreshedAt();
    place.advance(19 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    expect(await refreshedAt()).toBe(first);
    place.advance(2 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    const second = await refreshedAt();
    expect(second - first).toBeGreaterThanOrEqual(21 * HOUR_MS);
    const before = answered();
    await lookAfterSignIns(place.deps);
    expect(answered()).toBe(before);
  });

  it("outlive the time after which an unused one would have lapsed", async () => {
    const { row } = await signedIn("stripe", "app");
    for (let day = 0; day < 380; day += 1) {
      place.advance(24 * HOUR_MS);
      await place.deps.signIns.renewDaily(row);
    }
    expect((await (await open(row)).connection.check()).account).toBe("acct_1TwinTwinTwinTwin");
  });

  it("are tried again later where the vendor is away, and hold up no others", async () => {
    const away = await signedIn();
    const { row } = await signedIn("stripe", "app");
    place.advance(21 * HOUR_MS);
    place.hubspot.signIn.faults.broken = { count: 1_000, status: 503 };
    await lookAfterSignIns(place.deps);
    const others = await place.deps.credentials.signIns(row.workspaceId);
    expect(place.deps.now() - (others[0]?.refreshedAt?.getTime() ?? 0)).toBeLessThan(HOUR_MS);
    expect(await statusOf(away.row)).toBe("ready");
    expect(await place.deps.credentials.due(new Date(place.deps.now()), 100)).toEqual([]);
    place.hubspot.signIn.faults.broken.count = 0;
    place.advance(HOUR_MS / 2);
    const before = answered();
    await lookAfterSignIns(place.deps);
    expect(answered()).toBeGreaterThan(before);
  });

  it("are noticed when they were ended at the vendor: the connection needs its person, who is told what to do", async () => {
    const { workspaceId, row } = await signedIn();
    place.hubspot.signIn.endAll();
    place.advance(21 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    const after = await place.deps.connections.get(workspaceId, row.connectionId);
    expect(after).toMatchObject({
      status: "needs_reconnect",
      statusReason: expect.stringContaining("HubSpot no longer accepts this sign-in") as string,
    });
    const workspace = { workspaceId, slug: "shop", refreshMinutes: 15 };
    const [alert] = await findConditions(place.deps, async () => null, workspace);
    expect(alert).toMatchObject({
      kind: "needs_reconnect",
      todo: expect.stringContaining("tributary reconnect hubspot") as string,
    });
    // Asking again and again would change nothing.
    const before = place.hubspot.requests.get(TOKEN);
    place.advance(48 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    expect(place.hubspot.requests.get(TOKEN)).toBe(before);
    // Signed in again it is the connection it was.
    const again = await place.signIn(workspaceId, "hubspot", { of: after });
    expect(again.ending).toMatchObject({ outcome: "connected", connectionId: row.connectionId });
    expect(await statusOf(row)).toBe("ready");
  });
});

describe("disconnecting", () => {
  it("ends the sign-in at the vendor and deletes the tokens", async () => {
    const { workspaceId, row } = await signedIn();
    const count = place.hubspot.signIn.good().length;
    expect(await disconnect(place.deps, row, "test")).toBe("revoked");
    expect(place.hubspot.signIn.good().length).toBeLessThan(count);
    expect(await place.deps.credentials.read(workspaceId, row.connectionId)).toBeNull();
    await expect(place.deps.signIns.access(row)).rejects.toThrow("no longer signed in");
  });

  it("is told to a vendor that was away by a worker, later, and the tokens are of no use meanwhile", async () => {
    const { workspaceId, row } = await signedIn();
    place.hubspot.faults.htmlError = { count: 1, status: 502 };
    expect(await disconnect(place.deps, row, "test")).toBe("later");
    expect(await statusOf(row)).toBe("disconnected");
    await expect(place.deps.signIns.access(row)).rejects.toBeInstanceOf(ConnectorError);
    await lookAfterSignIns(place.deps);
    expect(await place.deps.credentials.read(workspaceId, row.connectionId)).toBeNull();
  });

  it("gives up after a week, and says on the connection where the person ends it", async () => {
    const { workspaceId, row } = await signedIn();
    place.hubspot.faults.htmlError = { count: 1_000, status: 502 };
    await disconnect(place.deps, row, "test");
    place.advance(8 * 24 * HOUR_MS);
    await lookAfterSignIns(place.deps);
    place.hubspot.faults.htmlError.count = 0;
    expect(await place.deps.credentials.read(workspaceId, row.connectionId)).toBeNull();
    expect(await place.deps.connections.get(workspaceId, row.connectionId)).toMatchObject({
      status: "disconnected",
      statusReason: expect.stringContaining("Connected Apps") as string,
    });
  });

  it("does not cut off another workspace that uses the same access", async () => {
    const [one, two] = [await signedIn("stripe", "connect"), await signedIn("stripe", "connect")];
    expect(await disconnect(place.deps, one.row, "test")).toBe("shared");
    expect((await (await open(two.row)).connection.check()).account).toBe("acct_1TwinTwinTwinTwin");
    expect(await disconnect(place.deps, two.row, "test")).toBe("revoked");
    expect(place.stripe.requests.get("POST /oauth/deauthorize")).toBe(1);
  });
});

/** The access token has just ended, by every process's clock. */
async function ended(row: Connection): Promise<void> {
  await asOwner(
    `UPDATE credential SET expires_at = '2020-01-01', refreshed_at = '2020-01-01' WHERE connection_id = '${row.connectionId}'`,
  );
}

async function asOwner(sql: string): Promise<void> {
  const owner = new Client({ connectionString: place.test.ownerUrl });
  await owner.connect();
  try {
    await owner.query(sql);
  } finally {
    await owner.end();
  }
}
