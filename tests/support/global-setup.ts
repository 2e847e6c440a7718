/**
 * Once per test run: a Postgres server, its files in memory, with a migrated template database that every test clones, and
 * a Temporal server that all installations of the run share.
 */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import type { TestProject } from "vitest/node";
import { keepCommandLine } from "#console/cli/keep-program.ts";
import { migrate } from "#prisma/migrate.ts";
import { startPostgres } from "#stack/postgres/server.ts";
import { bundleWorkflows } from "#workflows/bundle.ts";
import { startOwnTemporal } from "./temporal.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The owner's URL of the migrated template database, and the application role's. */
    template: { ownerUrl: string; appUrl: string };
    /** host:port, namespace `default`. */
    temporal: { address: string };
  }
}

/** Uses the server of TEST_DATABASE_URL (a superuser's URL) when set, else starts its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env["TEST_DATABASE_URL"];
  const [{ ownerUrl: serverUrl, stop }, temporal] = await Promise.all([
    given === undefined
      ? startPostgres({ ephemeral: "in memory" })
      : { ownerUrl: given, stop: () => Promise.resolve() },
    startOwnTemporal(),
    // Made now, they are at hand for every worker and every command of the run.
    bundleWorkflows(),
    keepCommandLine(),
  ]);
  const name = `tributary_template_${randomBytes(4).toString("hex")}`;
  const run = async (sql: string) => {
    const client = new Client({ connectionString: serverUrl });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  };
  await run(`CREATE DATABASE ${name} ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const { appUrl } = await migrate(url.href);
  project.provide("template", { ownerUrl: url.href, appUrl });
  project.provide("temporal", { address: temporal.address });
  return async () => {
    await run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await Promise.all([stop(), temporal.stop()]);
  };
}
