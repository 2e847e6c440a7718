/** What is wrong with the database, in words for the person at the keyboard. */
const WORDS: Record<string, string> = {
  ECONNREFUSED: "nothing answers there",
  ECONNRESET: "it ended the connection",
  ENOENT: "nothing answers there",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "its name could not be resolved",
  ETIMEDOUT: "it did not answer in time",
  EHOSTUNREACH: "there is no route to it",
  "57P03": "it is starting or stopping",
  "57P01": "it is stopping",
  "57P02": "it ended unexpectedly",
  "53100": "its disk is full",
  "53200": "it is out of memory",
  "53300": "it has no free connection",
  "08006": "the connection broke",
  "08003": "the connection broke",
  "28P01": "it rejected the password",
  "28000": "it rejected the role",
  "3D000": "it has no such database",
  "42883": "it has not been migrated: run `npm run migrate`",
  "42P01": "it has not been migrated: run `npm run migrate`",
};

/** What is wrong with the database, without any values; null when the error is about something else. */
export function databaseTrouble(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  // The driver gives these no code.
  if (/^Connection terminated|^Client has encountered a connection error/.test(error.message))
    return "the connection broke";
  if (!("code" in error) || typeof error.code !== "string") return null;
  return WORDS[error.code] ?? null;
}

/** Host, port and name of a database, without the password. */
export function databaseAddress(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return `${hostname}:${port || "5432"}${pathname}`;
}
