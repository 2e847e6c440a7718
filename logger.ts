/** Structured logs, one JSON object a line, on standard error. Ids and counts are fields; personal data and secrets are not. */
import pino from "pino";

export type Logger = pino.Logger;

/** Fields that may slip in with an object and must never be printed, at the first three levels. */
const PRIVATE_FIELDS = [
  "email",
  "emails",
  "phone",
  "phones",
  "firstName",
  "lastName",
  "name",
  "address",
  "raw",
  "data",
  "credentials",
  "accessToken",
  "apiKey",
  "password",
  "authorization",
  "headers",
  "connectionString",
];

export function createLogger(options: { level?: string; name: string }): Logger {
  return pino(
    {
      name: options.name,
      level: options.level ?? "info",
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: PRIVATE_FIELDS.flatMap((field) =>
          field === "name" ? ["*.name", "*.*.name"] : [field, `*.${field}`, `*.*.${field}`],
        ),
        censor: "[redacted]",
      },
      serializers: {
        // SDK errors carry requests and replies: only what says what happened is kept.
        err: (error: unknown) =>
          error instanceof Error
            ? { type: error.name, message: error.message, stack: error.stack }
            : { type: typeof error },
      },
    },
    pino.destination({ dest: 2, sync: false }),
  );
}
