/**
 * Structured logs, one JSON object a line, on standard error. Ids and counts are fields; personal data and secrets are
 * not: what slips in with an object, an SDK's error or a message is taken out here, at any depth.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import pino from "pino";
import { secretPatternsOf } from "#connectors/core/auth.ts";
import { connectors } from "#connectors/registry.ts";

export type Logger = pino.Logger;

const CENSOR = "[redacted]";

/** Field names, without case and separators, that hold personal data, secrets or whole requests and replies. */
const PRIVATE_FIELDS = new Set(
  [
    ["email", "emails", "phone", "phones", "mobile", "mobilephone", "firstname", "lastname", "fullname", "surname"],
    ["name", "company", "address", "addresses", "street", "city", "postcode", "zip", "birthdate", "ip", "person"],
    ["raw", "data", "body", "rawbody", "payload", "properties", "metadata", "before", "after", "readback", "values"],
    ["request", "response", "headers", "rawheaders", "config", "params", "parameters", "detail", "where"],
    ["credentials", "accesstoken", "refreshtoken", "token", "apikey", "key", "masterkey", "secret", "clientsecret"],
    ["password", "authorization", "cookie", "setcookie", "connectionstring", "databaseurl", "dsn"],
  ].flat(),
);

/** Recognisable wherever they stand in a text. */
const PRIVATE_TEXT = [
  // user:password@ of a URL
  /(?<=:\/\/)[^\s/@]+@/g,
  /[^\s<>"'(),;:]+@[^\s<>"'(),;:]+\.[^\s<>"'(),;:.]+/g,
  /(?<![\w.])\+\d[\d ().-]{6,}\d/g,
  /\b(?:bearer|basic)\s+[\w.~+/=-]{8,}/gi,
  // JSON web tokens
  /\beyJ[\w-]+\.[\w-]+\.[\w-]*/g,
  // Keys and tokens as the vendors issue them
  ...secretPatternsOf(connectors),
];

/** Deep enough for anything sensible, and an end for what refers to itself. */
const DEEPEST = 8;

const shared = new AsyncLocalStorage<Readonly<Record<string, unknown>>>();

/** Every line written while `work` runs carries these fields too, whichever logger writes it. */
export function withLogFields<T>(fields: Readonly<Record<string, unknown>>, work: () => T): T {
  return shared.run({ ...shared.getStore(), ...fields }, work);
}

/** @param options.destination for tests; standard error else */
export function createLogger(options: { level?: string; name: string; destination?: pino.DestinationStream }): Logger {
  const log = pino(
    {
      name: options.name,
      level: options.level ?? "info",
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      // A copy: pino adds the line's own fields to what it is given.
      mixin: () => ({ ...shared.getStore() }),
      formatters: {
        log: (fields) => fieldsWithout(fields, 0),
      },
      hooks: {
        logMethod(args, method) {
          const [first, ...rest] = args as unknown[];
          const harmless = rest.map((part) => without(part, 0));
          // An error alone would lend the line its message unseen.
          if (first instanceof Error && rest.length === 0) method.call(this, { err: first }, messageOf(first));
          else if (typeof first === "string")
            method.apply(this, [textWithout(first), ...harmless] as Parameters<typeof method>);
          else method.apply(this, [first, ...harmless] as Parameters<typeof method>);
        },
      },
      // Errors have been made harmless above; pino's own serializer would not know what to do with the outcome.
      serializers: { err: (error: unknown) => error },
    },
    options.destination ?? pino.destination({ dest: 2, sync: false }),
  );
  // What a child is given is printed with every line, and pino does not run it through `formatters`. Children inherit this.
  const { child } = log;
  log.child = function (this: Logger, bindings, childOptions) {
    return child.call(this, fieldsWithout(bindings, 0), childOptions);
  } as typeof child;
  return log;
}

function without(value: unknown, depth: number): unknown {
  if (typeof value === "string") return textWithout(value);
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "function" || typeof value === "symbol") return undefined;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (depth >= DEEPEST) return "[deeper]";
  if (value instanceof Error) return errorWithout(value, depth);
  if (value instanceof URL) return textWithout(value.href);
  if (ArrayBuffer.isView(value)) return CENSOR;
  if (Array.isArray(value)) return value.map((item) => without(item, depth + 1));
  if (value instanceof Map) return fieldsWithout(Object.fromEntries(value), depth);
  if (value instanceof Set) return [...value].map((item) => without(item, depth + 1));
  return fieldsWithout(value, depth);
}

function fieldsWithout(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      isPrivate(name) && value !== null && value !== undefined ? CENSOR : without(value, depth + 1),
    ]),
  );
}

const isPrivate = (name: string): boolean => PRIVATE_FIELDS.has(name.toLowerCase().replace(/[^a-z]/g, ""));

/** What happened and where, not to whom: SDK errors carry requests and replies, some within their message. */
function errorWithout(error: Error, depth: number): Record<string, unknown> {
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line));
  const own = Object.entries(error).filter(([name]) => !["name", "message", "stack", "cause"].includes(name));
  return {
    type: error.name,
    message: messageOf(error),
    ...fieldsWithout(Object.fromEntries(own), depth),
    ...(frames === undefined ? {} : { stack: frames.join("\n") }),
    ...(error.cause === undefined ? {} : { cause: without(error.cause, depth + 1) }),
  };
}

/** The first line: some SDKs append body and headers, Postgres and zod the values they were given. */
function messageOf(error: Error): string {
  const [line = ""] = error.message.split("\n");
  // SQLSTATE class 22: the message quotes a value of the row.
  const quotesValue = "code" in error && typeof error.code === "string" && /^22[0-9A-Z]{3}$/.test(error.code);
  const said = quotesValue ? line.replace(/(["']).*\1/g, CENSOR) : line;
  return textWithout(/^[[{]/.test(said) ? "The message was a structure; see the type." : said);
}

function textWithout(text: string): string {
  return PRIVATE_TEXT.reduce((rest, pattern) => rest.replace(pattern, CENSOR), text);
}
