/** Access tokens: of a service account's key, of a refresh token; what is sent and what never is. */
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { failureOf, openForContract } from "#connectors/core/contract-suite/account.ts";
import { projectOf } from "#connectors/google/access.ts";
import { ACCOUNT, seedOf } from "./fixtures.ts";
import { googleAds } from "./index.ts";
import { startGoogleAdsTwin } from "./twin/index.ts";
import type { GoogleAdsTwin } from "./twin/index.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2_048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
});
const email = "reader@shop-123.iam.gserviceaccount.com";
const client = { id: "4711-abc.apps.googleusercontent.com", secret: "GOCSPX-secret", refreshToken: "1//0refresh" };
const serviceKey = JSON.stringify({
  ...{ type: "service_account", project_id: "shop-123", client_email: email, private_key: privateKey },
  // A file must not say where the signed assertion goes.
  token_uri: "http://127.0.0.1:9/token",
});
const refreshKey = JSON.stringify({
  ...{ client_id: client.id, client_secret: client.secret, refresh_token: client.refreshToken },
});

let twin: GoogleAdsTwin | undefined;
let other: Server | undefined;
afterEach(async () => {
  await twin?.close();
  other?.close();
  other?.closeAllConnections();
  [twin, other] = [undefined, undefined];
});

async function open(key: string) {
  twin = await startGoogleAdsTwin({ client, serviceAccount: { email, publicKey } });
  twin.load(seedOf({}));
  let calls = 0;
  const access = { settings: {}, credentials: { key, customerId: ACCOUNT }, baseUrl: twin.url };
  const connection = openForContract(googleAds, access, undefined, () => void (calls += 1));
  return { twin, connection, calls: () => calls };
}
const served = ({ requests }: GoogleAdsTwin) => [...requests.values()].reduce((sum, count) => sum + count, 0);

describe.each([
  ["a service account's key", serviceKey],
  ["a refresh token", refreshKey],
])("with %s", (_, key) => {
  it("fetches a token once, through the framework, and calls with it", async () => {
    const { twin, connection, calls } = await open(key);
    await Promise.all([connection.check(), connection.check()]);
    expect(twin.requests.get("POST /token")).toBe(1);
    expect(calls()).toBe(served(twin));
  });

  it("revoked credentials ask for another connection, and are not tried again and again", async () => {
    const { twin, connection } = await open(key);
    twin.faults.revoked = true;
    expect(await failureOf(connection.check())).toMatchObject({
      kind: "auth",
      details: { vendorCode: "invalid_grant" },
    });
    expect(twin.requests.get("POST /token")).toBe(1);
    twin.faults.revoked = false;
    expect((await connection.check()).account).toBe(ACCOUNT);
  });

  it("a broken token address is tried later, a slow-down waited for, and a redirect followed nowhere", async () => {
    const { twin, connection } = await open(key);
    twin.faults.htmlError = { count: 1, status: 503 };
    expect((await failureOf(connection.check()))?.kind).toBe("transient");
    twin.faults.htmlError = { count: 1, status: 429 };
    expect((await failureOf(connection.check()))?.kind).toBe("rate_limited");
    twin.faults.dropReply = 1;
    expect((await failureOf(connection.check()))?.kind).toBe("transient");
    const heard: string[] = [];
    other = createServer((request, reply) => {
      heard.push(request.url ?? "");
      reply.end("{}");
    });
    await new Promise<void>((resolve) => other?.listen(0, "127.0.0.1", resolve));
    twin.faults.redirect = { count: 1, to: `http://127.0.0.1:${(other.address() as AddressInfo).port}` };
    expect(await failureOf(connection.check())).toBeDefined();
    expect(heard).toEqual([]);
  });
});

it("credentials of another client, another account, or none at all are refused without a secret in the words", async () => {
  const wrong = [
    refreshKey.replace(client.secret, "GOCSPX-other"),
    refreshKey.replace(client.refreshToken, "1//0other"),
    serviceKey.replace(email, "somebody@else.iam.gserviceaccount.com"),
    '{"type":"service_account"',
    '{"installed":{}}',
  ];
  for (const key of wrong) {
    const { connection } = await open(key);
    const error = await failureOf(connection.check());
    expect(error?.kind).toBe("auth");
    expect(JSON.stringify([error?.message, error?.details])).not.toMatch(/GOCSPX|1\/\/|PRIVATE/);
    await twin?.close();
    twin = undefined;
  }
});

it("the developer token is sent only where one is given, and the manager only where there is one", async () => {
  const headersWith = async (more: Record<string, string>) => {
    const seen: IncomingHttpHeaders[] = [];
    const server = createServer((request, reply) => {
      seen.push(request.headers);
      reply.setHeader("content-type", "application/json").end("{}");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const credentials = { key: "ya29.token", customerId: ACCOUNT, ...more };
    const connection = openForContract(googleAds, { settings: {}, credentials, baseUrl: `http://127.0.0.1:${port}` });
    await failureOf(connection.check());
    server.close();
    server.closeAllConnections();
    return seen[0] ?? {};
  };
  const plain = await headersWith({});
  expect([plain["developer-token"], plain["login-customer-id"]]).toEqual([undefined, undefined]);
  expect(plain.authorization).toBe("Bearer ya29.token");
  const given = await headersWith({ developerToken: "dev", loginCustomerId: "999-000-1110" });
  expect([given["developer-token"], given["login-customer-id"]]).toEqual(["dev", "9990001110"]);
});

it("operations are counted for the Cloud project, whichever accounts they are for", () => {
  const projects = [serviceKey, refreshKey, "ya29.token", "{"].map((key) => projectOf(key));
  expect(projects).toEqual(["shop-123", "4711", "sign-in", "unknown"]);
  expect(googleAds.appOf({ key: serviceKey })).toBe("shop-123");
  expect(googleAds.limits["operations"]).toMatchObject({ calls: 2_880, windowMs: 86_400_000, countedFor: "app" });
});
