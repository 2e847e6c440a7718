/** The console over real HTTP, on the stores of a test. */
import { request } from "node:http";
import { createServer } from "#console/server/server.ts";
import { serverStores } from "#console/server/stores.ts";
import { createLogger } from "#logger.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface TestConsole {
  url: string;
  get(path: string, options?: { method?: string; host?: string }): Promise<Answer>;
  /** Everything it has logged. */
  logged(): string;
  stop(): Promise<void>;
}

export async function startConsole(
  databaseUrl: string,
  masterKeys: MasterKeys,
  instance: string | null = null,
): Promise<TestConsole> {
  let logged = "";
  const log = createLogger({
    name: "console",
    level: "trace",
    destination: { write: (line) => void (logged += line) },
  });
  const { dependencies, close } = createDependencies({ databaseUrl, masterKeys }, log);
  const database = openDatabase(databaseUrl);
  const server = createServer({
    ...serverStores(dependencies, database),
    log,
    hosts: ["console.fernandkettle.internal"],
    instance,
  });
  const url = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    url,
    get: (path, options = {}) =>
      new Promise((resolve, reject) => {
        const headers = options.host === undefined ? {} : { host: options.host };
        const asked = request(
          new URL(path, url),
          { method: options.method ?? "GET", headers, agent: false },
          (reply) => {
            let text = "";
            reply.setEncoding("utf8").on("data", (part: string) => (text += part));
            reply.on("end", () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, text }));
          },
        );
        asked.on("error", reject).end();
      }),
    logged: () => logged,
    stop: async () => {
      await server.close();
      await database.close();
      await close();
    },
  };
}
