import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, loadConfig, parseEnvironment } from "./config.ts";
import { connectionVariables } from "./temporal-config.ts";

/** Of `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test`. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBdTCCARugAwIBAgIUcPkscdq9kTIq8ntY7Y5bAEdHz9owCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjgxMDQyMzRaGA8yMTI2MTEwNDEwNDIz
NFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKk8
l96ipFDyZ56wMbts1hFt7vBgOwjkdNdC0GpeE0ve4xme7zPetwHHQvu4irpEgUZQ
7v36HiTZYlkYLTPIFaWjUzBRMB0GA1UdDgQWBBSOvTGbUm6MUMVTnxdhaWrfsI6n
VzAfBgNVHSMEGDAWgBSOvTGbUm6MUMVTnxdhaWrfsI6nVzAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0gAMEUCIHogLnrgb2nuxmB/R6e6FYqVyjcnDa8nTEk4
TVZkXRgZAiEAgrKbtjiD8PAEvggsKZbsJGmy/oKZU8tk9cb/hU6TEEo=
-----END CERTIFICATE-----
`;
let folder: string;
let keyFile: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-temporal-config-"));
  keyFile = join(folder, "client.key");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }));
});
afterAll(() => rmSync(folder, { recursive: true }));

const needed = {
  DATABASE_URL: "postgresql://tributary_app:x@127.0.0.1:1/tributary",
  TEMPORAL_ADDRESS: "temporal.example:7233",
  TRIBUTARY_KEY: Buffer.alloc(32, 1).toString("base64"),
};
const temporalOf = (more: Record<string, string>) => loadConfig({ ...needed, ...more }).temporal;

function refusalOf(more: Record<string, string>): string {
  try {
    temporalOf(more);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
  }
  return "";
}

describe("the way to Temporal", () => {
  it("is in the clear where nothing else is said, and over TLS where anything asks for it", () => {
    expect(temporalOf({})).toEqual({
      ...{ address: "temporal.example:7233", namespace: "default", tls: null, apiKey: null },
    });
    const bare = { serverCa: null, client: null, serverName: null };
    expect(temporalOf({ TEMPORAL_TLS: "true" }).tls).toEqual(bare);
    expect(temporalOf({ TEMPORAL_API_KEY: "k" })).toMatchObject({ tls: bare, apiKey: "k" });
    expect(temporalOf({ TEMPORAL_TLS_SERVER_NAME: "other" }).tls).toEqual({ ...bare, serverName: "other" });
    expect(temporalOf({ TEMPORAL_TLS_SERVER_CA_CERT_DATA: CERTIFICATE }).tls?.serverCa?.toString()).toBe(CERTIFICATE);
    expect(temporalOf({ TEMPORAL_NAMESPACE: "shop.a1b2c" }).namespace).toBe("shop.a1b2c");
  });

  it.each([
    ["TEMPORAL_TLS", { TEMPORAL_TLS: "yes" }],
    ["TEMPORAL_TLS", { TEMPORAL_TLS: "false", TEMPORAL_API_KEY: "hunter2" }],
    ["TEMPORAL_TLS", { TEMPORAL_TLS: "0", TEMPORAL_TLS_SERVER_NAME: "hunter2" }],
    ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", { TEMPORAL_TLS_SERVER_CA_CERT_PATH: "/nowhere/hunter2" }],
    ["TEMPORAL_TLS_SERVER_CA_CERT_DATA", { TEMPORAL_TLS_SERVER_CA_CERT_DATA: "hunter2" }],
    ["TEMPORAL_TLS_CLIENT_CERT_PATH", { TEMPORAL_TLS_CLIENT_CERT_PATH: "/nowhere/hunter2" }],
    ["TEMPORAL_TLS_CLIENT_KEY_DATA", { TEMPORAL_TLS_CLIENT_KEY_DATA: "hunter2" }],
    ["TEMPORAL_TLS_CLIENT_KEY_PATH", { TEMPORAL_TLS_CLIENT_CERT_DATA: CERTIFICATE }],
    ["TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", { TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: "true" }],
  ])("is refused by naming %s, and no value is repeated", (name, more) => {
    const refusal = refusalOf(more);
    expect(refusal).toMatch(new RegExp(`^${name}: `));
    expect(refusal).not.toContain("hunter2");
  });

  it("is refused with a client's key that is alone, of another certificate, or given twice", () => {
    expect(refusalOf({ TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile })).toMatch(/^TEMPORAL_TLS_CLIENT_CERT_PATH: /);
    const both = { TEMPORAL_TLS_CLIENT_CERT_DATA: CERTIFICATE, TEMPORAL_TLS_CLIENT_KEY_PATH: keyFile };
    expect(refusalOf(both)).toMatch(/^TEMPORAL_TLS_CLIENT_KEY_PATH: .*not the one/);
    expect(refusalOf({ ...both, TEMPORAL_TLS_CLIENT_KEY_DATA: "x" })).toContain("both are set");
  });

  it("is said in one go, however much of it is wrong", () => {
    const refusal = refusalOf({
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: "/nowhere/ca",
      TEMPORAL_TLS_CLIENT_CERT_PATH: "/nowhere/cert",
    });
    expect(refusal.split("\n")).toHaveLength(2);
  });

  it("is handed to commands elsewhere with absolute paths, and without what is somebody else's", () => {
    const environment = parseEnvironment({ ...needed, TEMPORAL_TLS_CLIENT_KEY_PATH: "client.key", TEMPORAL_TLS: "1" });
    expect(connectionVariables(environment)).toEqual({
      TEMPORAL_NAMESPACE: "default",
      TEMPORAL_TLS: "1",
      TEMPORAL_TLS_CLIENT_KEY_PATH: join(process.cwd(), "client.key"),
    });
  });
});
