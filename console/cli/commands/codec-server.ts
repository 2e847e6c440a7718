import { once } from "node:events";
import type { Command } from "commander";
import { ConfigError, loadConfig, parseEnvironment, readStackState } from "#config.ts";
import { isLoopback } from "#connectors/core/loopback.ts";
import { createLogger } from "#logger.ts";
import { commandEnvironment, globals } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { wholeNumber } from "../number-option.ts";

interface CodecOptions {
  host: string;
  port: number;
  origin: string[];
  encode?: boolean;
}

/** Shorter ones can be guessed. */
const TOKEN_LENGTH = 24;

export function codecServerCommand(program: Command): void {
  program
    .command("codec-server")
    .description("let Temporal's page and command line show what workflows hold; runs until Ctrl-C")
    .option("--host <address>", "where it listens; beyond loopback it needs TRIBUTARY_CODEC_TOKEN", "127.0.0.1")
    .option("--port <n>", "on which port", wholeNumber, 8_889)
    .option(
      "--origin <url>",
      "a page that may ask, as http://127.0.0.1:8233 (default: the page of the running stack's Temporal); may be repeated",
      (url: string, before: string[]) => [...before, originOf(url)],
      [],
    )
    .option("--encode", "encrypt too, so that workflows can be started by hand with inputs of one's own")
    .action(serve);
}

async function serve({ host, port, origin, encode }: CodecOptions): Promise<void> {
  const raw = commandEnvironment();
  const config = loadConfig(raw);
  const token = parseEnvironment(raw).TRIBUTARY_CODEC_TOKEN ?? null;
  if (token !== null && token.length < TOKEN_LENGTH)
    throw new ConfigError(`TRIBUTARY_CODEC_TOKEN: at least ${TOKEN_LENGTH} characters (openssl rand -hex 24).`);
  if (token === null && !isLoopback(host) && host !== "::1")
    throw new CommandFailure(
      "Whoever reaches this server reads what workflows hold: beyond loopback set TRIBUTARY_CODEC_TOKEN (openssl rand -hex 24), and put a proxy with TLS in front.",
      2,
    );
  const uiUrl = readStackState(config.dataDir)?.temporal.uiUrl ?? null;
  // Loaded for this command alone: no other serves anything.
  const [{ createCodecServer }, { listen }, { encryptionCodec }] = await Promise.all([
    import("../../codec/server.ts"),
    import("../../server/listen.ts"),
    import("#workflows/codec.ts"),
  ]);
  const server = createCodecServer({
    codec: encryptionCodec(config.masterKeys),
    namespace: config.temporal.namespace,
    token,
    origins: origin.length === 0 && uiUrl !== null ? [new URL(uiUrl).origin] : origin,
    encodes: encode ?? false,
    log: createLogger({ name: "codec", level: globals.verbose ? "debug" : "warn" }),
  });
  const taken = await listen(server, { host, port, tries: 1 });
  process.stdout.write(
    `Codec server at http://${host}:${taken}, ${token === null ? "for this machine alone" : "with the token of TRIBUTARY_CODEC_TOKEN"}\n` +
      "In Temporal's page: the glasses in the corner, this address as the remote codec endpoint.\n",
  );
  const stopped = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stopped.abort());
  await once(stopped.signal, "abort");
  await server.close();
}

function originOf(url: string): string {
  const origin = URL.parse(url)?.origin ?? "null";
  if (origin === "null" || origin === "*")
    throw new CommandFailure("--origin: expected is the address of a page, as http://127.0.0.1:8233.", 2);
  return origin;
}
