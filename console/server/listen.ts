import type { FastifyInstance } from "fastify";
import { ConfigError } from "#config.ts";
import type { Config } from "#config.ts";

/**
 * Takes the port, or the next ones while somebody else has it.
 *
 * @returns the port it listens on
 * @throws ConfigError when all that may be tried are taken
 */
export async function listen(
  server: Pick<FastifyInstance, "listen" | "addresses">,
  { host, port, tries }: Pick<Config["http"], "host" | "port" | "tries">,
): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      await server.listen({ host, port: port === 0 ? 0 : port + attempt });
      const [address] = server.addresses();
      return typeof address === "object" ? address.port : port;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EADDRINUSE")) throw error;
    }
  }
  const taken = tries === 1 ? `Port ${port} is` : `The ports ${port} to ${port + tries - 1} are`;
  throw new ConfigError(`${taken} taken by another program: choose another with PORT.`);
}
