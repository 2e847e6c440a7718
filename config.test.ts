import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { ConfigError, loadConfig, parseEnvironment } from "./config.ts";

const folders: string[] = [];
function dataDir(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-config-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
const key = (fill: number) => Buffer.alloc(32, fill).toString("base64");
const state = {
  pid: 1,
  databaseUrl: "postgresql://tributary_app:x@127.0.0.1:1/tributary",
  ownerUrl: "postgresql://postgres:x@127.0.0.1:1/tributary",
  temporal: { address: "127.0.0.1:2", uiUrl: null, variables: {} },
  consoleUrl: "http://127.0.0.1:3",
  twins: {},
  twinsControl: null,
};

describe("the environment", () => {
  it("names every wrong variable at once and repeats no value", () => {
    const wrong = { DATABASE_URL: "mysql://secret", TEMPORAL_ADDRESS: "http://secret:1/", PORT: "secret" };
    const refusal = refusalOf(() => parseEnvironment(wrong));
    expect(refusal).toBeInstanceOf(ConfigError);
    for (const name of Object.keys(wrong)) expect(String(refusal)).toContain(name);
    expect(String(refusal)).not.toContain("secret");
  });

  it("takes an empty variable as unset", () => {
    expect(parseEnvironment({ DATABASE_URL: "", PORT: "" })).toMatchObject({ HOST: "127.0.0.1" });
  });

  it("keeps the order of keys: the first encrypts, all decrypt", () => {
    const { masterKeys } = loadConfig({
      DATABASE_URL: state.databaseUrl,
      TEMPORAL_ADDRESS: "127.0.0.1:2",
      TRIBUTARY_KEY: `${key(2)}, ${key(1)}`,
    });
    expect(masterKeys.keys.size).toBe(2);
    expect(masterKeys.keys.get(masterKeys.current)).toEqual(Buffer.alloc(32, 2));
  });

  it("refuses a key of the wrong length without repeating it", () => {
    const environment = { DATABASE_URL: state.databaseUrl, TEMPORAL_ADDRESS: "127.0.0.1:2", TRIBUTARY_KEY: "c2hvcnQ=" };
    expect(() => loadConfig(environment)).toThrow(/TRIBUTARY_KEY: each key must be 32 bytes/);
    expect(() => loadConfig(environment)).not.toThrow(/c2hvcnQ/);
  });
});

describe("a command in another terminal", () => {
  it("finds the running stack by its data directory", () => {
    const folder = dataDir({ "stack.json": JSON.stringify(state), "master-key": key(7) });
    const config = loadConfig({ TRIBUTARY_DATA_DIR: folder });
    expect(config).toMatchObject({ databaseUrl: state.databaseUrl, temporal: { address: "127.0.0.1:2" } });
    expect(config.masterKeys.keys.get(config.masterKeys.current)).toEqual(Buffer.alloc(32, 7));
  });

  it("says what to do when nothing runs", () => {
    expect(() => loadConfig({ TRIBUTARY_DATA_DIR: dataDir() })).toThrow(/npm start/);
  });

  it("takes a damaged state file for nothing running", () => {
    expect(() => loadConfig({ TRIBUTARY_DATA_DIR: dataDir({ "stack.json": '{"pid":' }) })).toThrow(/npm start/);
  });
});

describe("alerts", () => {
  const base = { DATABASE_URL: state.databaseUrl, TEMPORAL_ADDRESS: "127.0.0.1:2", TRIBUTARY_KEY: key(1) };
  const secret = { TRIBUTARY_ALERT_SECRET: "0123456789abcdef" };
  const webhook = (url: string, more: Record<string, string> = secret) =>
    loadConfig({ ...base, TRIBUTARY_ALERT_WEBHOOK: url, ...more }).alerts.webhook;

  it("go to nobody until somebody says where to", () => {
    expect(loadConfig(base).alerts).toEqual({ webhook: null, mail: null, againHours: 24 });
  });

  it("leave this machine by https alone, unless that is allowed, and signed", () => {
    expect(webhook("https://alerts.example/hook")?.url).toBe("https://alerts.example/hook");
    for (const url of ["http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/"])
      expect(webhook(url)).not.toBeNull();
    for (const url of ["http://alerts.example/", "http://127.0.0.1.evil.example/", "http://localhost.evil.example/"])
      expect(() => webhook(url)).toThrow(/must be https on another machine/);
    expect(webhook("http://alerts.example/", { ...secret, TRIBUTARY_ALERT_INSECURE: "yes" })).not.toBeNull();
    expect(() => webhook("https://alerts.example/", {})).toThrow(/TRIBUTARY_ALERT_SECRET/);
  });

  it("by mail need a server, a sender and a receiver", () => {
    expect(() => loadConfig({ ...base, TRIBUTARY_SMTP_URL: "smtps://u:p@mail.example" })).toThrow(/set all three/);
  });
});
