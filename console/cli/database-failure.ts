import { CommandFailure } from "./failure.ts";

const WORDS: Record<string, string> = {
  ECONNREFUSED: "nothing answers there",
  ECONNRESET: "it ended the connection",
  ENOENT: "nothing answers there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name could not be resolved",
  ETIMEDOUT: "it does not answer in time",
  EHOSTUNREACH: "there is no way to it",
  "57P03": "it is starting or stopping",
  "57P01": "it is stopping",
  "28P01": "it refuses the password",
  "28000": "it refuses the role",
  "3D000": "it has no such database",
  "42883": "it has not been migrated: run `npm run migrate`",
  "42P01": "it has not been migrated: run `npm run migrate`",
};

/** What is wrong with the database, in words without values; null when the error is about something else. */
export function databaseTrouble(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return null;
  return WORDS[error.code] ?? null;
}

/** Host, port and name of a database, without the password. */
export function databaseAddress(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || "5432"}${pathname}`;
}

/** Turns "cannot connect" into a sentence for the person at the keyboard; other errors stay what they are. */
export function asDatabaseFailure(error: unknown, url: string): unknown {
  const trouble = databaseTrouble(error);
  if (trouble === null) return error;
  return new CommandFailure(
    `The database at ${databaseAddress(url)} cannot be used: ${trouble}. Is \`npm start\` running? \`tributary doctor\` looks closer.`,
  );
}
