import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseEnvironment } from "#config.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const compose = readFileSync(`${root}docker-compose.yml`, "utf8");
const secrets = { POSTGRES_PASSWORD: "a1", APP_PASSWORD: "b2", TRIBUTARY_KEY: Buffer.alloc(32).toString("base64") };

describe("docker-compose.yml", () => {
  it("is accepted by docker compose, and refused while a secret is not set", (context) => {
    const environment = { PATH: process.env["PATH"] };
    const config = (env: Record<string, string | undefined>) =>
      spawnSync("docker", ["compose", "config", "--quiet"], { cwd: root, env, encoding: "utf8" });
    if (spawnSync("docker", ["compose", "version"]).status !== 0) {
      context.skip("docker compose is not installed here: the file was not given to it.");
      return;
    }
    const complete = config({ ...environment, ...secrets });
    expect(complete.stderr).toBe("");
    expect(complete.status).toBe(0);
    expect(config({ ...environment, ...secrets, TRIBUTARY_KEY: undefined }).status).not.toBe(0);
  });

  it("starts programs that exist", () => {
    const programs = [...compose.matchAll(/command:\s+\[\s*"node",\s+(?:"--[^"]+",\s+)*"([^"]+)",?\s*\]/g)].map(
      ([, file]) => file,
    );
    expect(programs).toEqual(["stack/migrate.ts", "workflows/worker.ts", "console/server/main.ts"]);
    expect(programs.filter((file) => !existsSync(`${root}${file}`))).toEqual([]);
  });

  it("gives the owner's access to migrations only", () => {
    const services = compose.split(/^ {2}(?=\w+:\n)/m);
    const withOwner = services
      .filter((service) => service.includes("DATABASE_OWNER_URL"))
      .map((service) => service.split(":")[0]);
    expect(withOwner).toEqual(["migrate"]);
  });

  it("keeps copies of imported files where worker and console both see them", () => {
    const services = compose.split(/^ {2}(?=\w+:\n)/m);
    const sharing = services.filter((service) => service.includes("- imports:/app/.tributary"));
    expect(sharing.map((service) => service.split(":")[0])).toEqual(["worker", "console"]);
  });

  it("sets the environment the way config.ts understands it", () => {
    const lines = [...compose.matchAll(/^ {4,6}(DATABASE\w*|TEMPORAL\w+|TRIBUTARY_\w+|HOST|PORT|LOG_LEVEL): (.+)$/gm)];
    const environment = Object.fromEntries(
      lines.map(([, name, value]) => [
        name,
        String(value)
          .replaceAll(
            /\$\{(\w+):\?[^}]*\}/g,
            (_all, secret: string) => Object.entries(secrets).find(([key]) => key === secret)?.[1] ?? "",
          )
          .replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1")
          .replaceAll('"', ""),
      ]),
    );
    expect(Object.keys(environment).toSorted()).toEqual([
      "DATABASE_OWNER_URL",
      "DATABASE_URL",
      "HOST",
      "LOG_LEVEL",
      "PORT",
      "TEMPORAL_ADDRESS",
      "TEMPORAL_NAMESPACE",
      "TRIBUTARY_ALERT_MAIL_FROM",
      "TRIBUTARY_ALERT_MAIL_TO",
      "TRIBUTARY_ALERT_SECRET",
      "TRIBUTARY_ALERT_WEBHOOK",
      "TRIBUTARY_KEY",
      "TRIBUTARY_PUBLIC_URL",
      "TRIBUTARY_SMTP_URL",
    ]);
    expect(parseEnvironment(environment)).toMatchObject({ HOST: "0.0.0.0", PORT: 4_080, LOG_LEVEL: "info" });
  });
});
