/**
 * The environment, parsed once. Every variable the product reads is named and explained here, except those that hold a
 * vendor's credentials or an app's: each connector names its own (connectors/core/auth.ts), and OpenTelemetry's own
 * (workflows/telemetry/settings.ts).
 *
 * Processes that `npm start` starts get everything from it. A command in another terminal (`npx tributary`) has no
 * variables set: it finds the running stack by the state file in the data directory.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { isLoopback } from "#connectors/core/loopback.ts";
import { ConfigError } from "./config-error.ts";
import { temporalConfig, temporalVariables, type TemporalConfig } from "./temporal-config.ts";

export { ConfigError };

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: "must be a URL like postgresql://user:password@host/database",
});
const port = z.coerce.number({ error: "must be a port number" }).int().min(0).max(65_535);
/** How long a refresh waits for what is slow. */
export interface Patience {
  streamMs: number;
  /** For a stream that is read for the first time and gets on. */
  firstReadMs: number;
}

export const USUAL_PATIENCE: Patience = { streamMs: 120_000, firstReadMs: 600_000 };

const seconds = z.coerce.number({ error: "must be a number of seconds from 1 to 86400" }).min(1).max(86_400);

const environmentSchema = z.object({
  /**
   * Postgres 17 or newer. For worker and console the application's role, which row-level security binds; its name is this
   * URL's user. For `npm start` the schema's owner (it migrates and derives the role), unless DATABASE_OWNER_URL is set too.
   */
  DATABASE_URL: postgresUrl.optional(),
  /** The schema's owner, who migrates and may create roles. Only `npm start` and `stack/migrate.ts` read it. */
  DATABASE_OWNER_URL: postgresUrl.optional(),
  ...temporalVariables,
  /** The `temporal` program to start when TEMPORAL_ADDRESS is not set. */
  TEMPORAL_CLI_PATH: z.string().optional(),
  /** Where `npm start` keeps database, history, keys and logs; default `.tributary` in the project. */
  TRIBUTARY_DATA_DIR: z.string().optional(),
  /** Where the Temporal program is kept; default `~/.cache/tributary`. */
  TRIBUTARY_CACHE_DIR: z.string().optional(),
  /**
   * Master keys for credentials and Temporal payloads: 32 bytes in base64 each, comma-separated. The first encrypts, the
   * others still decrypt. Without it the file `master-key` in the data directory.
   */
  TRIBUTARY_KEY: z.string().optional(),
  /** What `tributary codec-server` wants as a bearer token; without it that listens on loopback alone. */
  TRIBUTARY_CODEC_TOKEN: z.string().optional(),
  /** Interface the HTTP server listens on. Anything but loopback needs a proxy with sign-in in front. */
  HOST: z.string().default("127.0.0.1"),
  /** Where people reach the console through a proxy; its host name is accepted besides loopback's. */
  TRIBUTARY_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be a URL like https://tributary.example.com" })
    .optional(),
  /** Port of the HTTP server; 0 takes any free one. */
  PORT: port.optional(),
  /** How many ports, from PORT on, the HTTP server may try; `npm start` says more than one where nobody chose the port. */
  PORT_TRIES: z.coerce.number().int().min(1).max(100).default(1),
  /** Given by `npm start`: `/healthz` repeats it, so that a start knows its own console from somebody else's. */
  TRIBUTARY_INSTANCE: z.string().optional(),
  /**
   * Above this share of a stream's known records (and above 20 of them) missing from a full list, a person is asked before
   * they are marked as deleted.
   */
  TRIBUTARY_MISSING_SHARE: z.coerce.number({ error: "must be a number from 0 to 1" }).min(0).max(1).default(0.05),
  /** How many seconds a refresh waits for its streams, and later for its tools, before it goes on without the late ones. */
  TRIBUTARY_STREAM_WAIT: seconds.default(USUAL_PATIENCE.streamMs / 1_000),
  /** The same for a stream that is read for the first time, as long as it gets on. */
  TRIBUTARY_FIRST_READ_WAIT: seconds.default(USUAL_PATIENCE.firstReadMs / 1_000),
  /** Where alerts are sent as JSON by POST: https, or loopback. TRIBUTARY_ALERT_SECRET signs them. */
  TRIBUTARY_ALERT_WEBHOOK: z
    .url({ protocol: /^https?$/, error: "must be a URL like https://alerts.example.com/hook" })
    .optional(),
  /** Signs alerts, so that their receiver can tell them from others: at least 16 characters. */
  TRIBUTARY_ALERT_SECRET: z.string().min(16, "must have at least 16 characters").optional(),
  /** `yes`: the webhook may be http on another machine, where nobody in between can read along. */
  TRIBUTARY_ALERT_INSECURE: z.enum(["yes", "no"], { error: "must be yes or no" }).default("no"),
  /** Who gets alerts by mail, separated by commas, from whom, and through which server. */
  TRIBUTARY_ALERT_MAIL_TO: z.string().optional(),
  TRIBUTARY_ALERT_MAIL_FROM: z.string().optional(),
  TRIBUTARY_SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: "must be a URL like smtps://user:password@mail.example.com" })
    .optional(),
  /** What is still wrong is told again after so many hours. */
  TRIBUTARY_ALERT_AGAIN_HOURS: z.coerce.number({ error: "must be a number of hours" }).positive().default(24),
  /** trace, debug, info, warn, error or fatal. */
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal"]).default("info"),
});
export type Environment = z.infer<typeof environmentSchema>;

/** What a running stack tells about itself, in `stack.json` of its data directory (readable by its owner only). */
export const stackState = z.object({
  /** Of the process that `npm start` is. */
  pid: z.number().int(),
  /** As the application's role. */
  databaseUrl: z.string(),
  /** As the schema's owner; for migrations and looking around. */
  ownerUrl: z.string(),
  temporal: z.object({
    address: z.string(),
    uiUrl: z.string().nullable(),
    /** The other TEMPORAL_ variables that `npm start` was given: how to connect there. */
    variables: z.record(z.string(), z.string()),
  }),
  consoleUrl: z.string(),
  /** Base URLs of the demo's twins by connector; none without the demo. */
  twins: z.record(z.string(), z.string()),
  /** Of the twins' control; null without the demo. */
  twinsControl: z.string().nullable(),
});
export type StackState = z.infer<typeof stackState>;

export interface Config {
  /** As the application's role. */
  databaseUrl: string;
  temporal: TemporalConfig;
  masterKeys: MasterKeys;
  missingShare: number;
  patience: Patience;
  http: {
    host: string;
    port: number;
    tries: number;
    publicUrl: string | null;
    instance: string | null;
    /** Where a browser reaches the console, without a path. */
    origin: string;
  };
  /** Null: nobody is told in that way. */
  alerts: {
    webhook: { url: string; secret: string } | null;
    mail: { smtpUrl: string; to: string; from: string } | null;
    againHours: number;
  };
  logLevel: Environment["LOG_LEVEL"];
  dataDir: string;
}

/** For a program's first steps: what its operator has to change is one sentence on standard error, not a stack. */
export async function orEnd<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

type RawEnvironment = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 4080;

/** @throws ConfigError naming every variable that is wrong */
export function parseEnvironment(raw: RawEnvironment = process.env): Environment {
  // `NAME= npm start` means unset, as in a shell.
  const given = Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("\n"));
}

const patienceOf = (environment: Environment): Patience => ({
  streamMs: environment.TRIBUTARY_STREAM_WAIT * 1_000,
  firstReadMs: environment.TRIBUTARY_FIRST_READ_WAIT * 1_000,
});

/** Everything a worker, the console or a command needs. @throws ConfigError saying what is missing */
export function loadConfig(raw: RawEnvironment = process.env): Config {
  const environment = parseEnvironment(raw);
  const dataDir = dataDirOf(environment);
  const { DATABASE_URL, TEMPORAL_ADDRESS } = environment;
  const running = DATABASE_URL === undefined || TEMPORAL_ADDRESS === undefined ? readStackState(dataDir) : null;
  const databaseUrl = DATABASE_URL ?? running?.databaseUrl;
  const temporal = temporalOf(environment, running);
  if (databaseUrl === undefined || temporal === null) {
    throw new ConfigError(
      `Tributary is not running in ${dataDir}: run \`npm start\` in another terminal, or set DATABASE_URL and TEMPORAL_ADDRESS.`,
    );
  }
  return {
    databaseUrl,
    temporal,
    masterKeys: readMasterKeys(environment, dataDir),
    missingShare: environment.TRIBUTARY_MISSING_SHARE,
    patience: patienceOf(environment),
    http: {
      host: environment.HOST,
      port: environment.PORT ?? DEFAULT_PORT,
      tries: environment.PORT_TRIES,
      publicUrl: environment.TRIBUTARY_PUBLIC_URL ?? null,
      instance: environment.TRIBUTARY_INSTANCE ?? null,
      origin: originOf(environment, running),
    },
    alerts: alertsOf(environment),
    logLevel: environment.LOG_LEVEL,
    dataDir,
  };
}

/** Vendors allow plain http for the name `localhost` alone. */
function originOf({ TRIBUTARY_PUBLIC_URL, PORT }: Environment, running: StackState | null): string {
  const url = new URL(TRIBUTARY_PUBLIC_URL ?? running?.consoleUrl ?? `http://localhost:${PORT ?? DEFAULT_PORT}`);
  if (TRIBUTARY_PUBLIC_URL === undefined && isLoopback(url.hostname)) url.hostname = "localhost";
  return url.origin;
}

/** @throws ConfigError naming what is missing beside what is set */
function alertsOf(environment: Environment): Config["alerts"] {
  const { TRIBUTARY_ALERT_WEBHOOK: url, TRIBUTARY_ALERT_SECRET: secret } = environment;
  if (url !== undefined) {
    const { protocol, hostname } = new URL(url);
    if (secret === undefined)
      throw new ConfigError(
        "TRIBUTARY_ALERT_SECRET: set it too, so that the receiver can tell our alerts from others.",
      );
    if (protocol !== "https:" && !isLoopback(hostname) && environment.TRIBUTARY_ALERT_INSECURE === "no")
      throw new ConfigError(
        "TRIBUTARY_ALERT_WEBHOOK: must be https on another machine. Where the network is trusted, TRIBUTARY_ALERT_INSECURE=yes allows http.",
      );
  }
  const { TRIBUTARY_ALERT_MAIL_TO: to, TRIBUTARY_ALERT_MAIL_FROM: from, TRIBUTARY_SMTP_URL: smtpUrl } = environment;
  const given = [to, from, smtpUrl].filter((value) => value !== undefined).length;
  if (given === 1 || given === 2)
    throw new ConfigError(
      "TRIBUTARY_ALERT_MAIL_TO, TRIBUTARY_ALERT_MAIL_FROM, TRIBUTARY_SMTP_URL: set all three for alerts by mail, or none.",
    );
  return {
    webhook: url === undefined || secret === undefined ? null : { url, secret },
    mail: to === undefined || from === undefined || smtpUrl === undefined ? null : { smtpUrl, to, from },
    againHours: environment.TRIBUTARY_ALERT_AGAIN_HOURS,
  };
}

/**
 * The Temporal that the environment names, else the running stack's, with what that one needs to be connected to.
 *
 * @returns null where there is neither
 * @throws ConfigError naming each variable that is wrong
 */
export function temporalOf(environment: Environment, running: StackState | null): TemporalConfig | null {
  if (environment.TEMPORAL_ADDRESS !== undefined) return temporalConfig(environment.TEMPORAL_ADDRESS, environment);
  if (running === null) return null;
  return temporalConfig(running.temporal.address, parseEnvironment(running.temporal.variables));
}

export function dataDirOf(environment: Pick<Environment, "TRIBUTARY_DATA_DIR">): string {
  const project = fileURLToPath(new URL(".", import.meta.url));
  return resolve(project, environment.TRIBUTARY_DATA_DIR ?? ".tributary");
}

/** Null when nothing runs, or the file is another version's. */
export function readStackState(dataDir: string): StackState | null {
  try {
    return stackState.parse(JSON.parse(readFileSync(join(dataDir, "stack.json"), "utf8")));
  } catch {
    return null; // Missing, or not ours to read; the caller says what to do about it.
  }
}

export function readMasterKeys(environment: Pick<Environment, "TRIBUTARY_KEY">, dataDir: string): MasterKeys {
  if (environment.TRIBUTARY_KEY !== undefined) return parseMasterKeys(environment.TRIBUTARY_KEY, "TRIBUTARY_KEY");
  const file = join(dataDir, "master-key");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new ConfigError(`There is no master key in ${file}: run \`npm start\` once, or set TRIBUTARY_KEY.`);
  }
  return parseMasterKeys(text, file);
}

function parseMasterKeys(text: string, source: string): MasterKeys {
  const keys = text
    .trim()
    .split(",")
    .map((part) => Buffer.from(part.trim(), "base64"));
  if (keys.some((key) => key.length !== 32)) {
    throw new ConfigError(
      `${source}: each key must be 32 bytes in base64 (openssl rand -base64 32), separated by commas.`,
    );
  }
  const named = keys.map((key): [string, Buffer] => [keyIdOf(key), key]);
  return { current: named[0]?.[0] ?? "", keys: new Map(named) };
}

/** Names a key without telling it: the same key has the same id on every machine. */
function keyIdOf(key: Buffer): string {
  return createHash("sha256").update("tributary key id").update(key).digest("hex").slice(0, 12);
}
