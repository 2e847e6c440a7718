/** Temporal for tests: one server for the whole run, and servers of a test's own. */
import { silent } from "#stack/log.ts";
import { findTemporal } from "#stack/temporal/program.ts";
import { startTemporal, type RunningTemporal } from "#stack/temporal/server.ts";

/**
 * `address` of the run's server. Installations live beside one another in it as they would in production: names and queues
 * carry the installation, and every test database is one of its own. Vitest is loaded late: outside a test run it refuses
 * to be.
 */
export async function sharedTemporal(): Promise<{ address: string }> {
  const { inject } = await import("vitest");
  return inject("temporal");
}

/** A server of one's own, to be restarted, to forget, or to hold nothing else: a second of CPU. In memory without `dataDir`. */
export async function startOwnTemporal(dataDir?: string): Promise<RunningTemporal> {
  const program = await findTemporal({ environment: process.env, log: silent });
  return startTemporal({ program, ...(dataDir === undefined ? { ephemeral: true } : { dataDir }) });
}
