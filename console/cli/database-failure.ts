import { databaseAddress, databaseTrouble } from "../database-trouble.ts";
import { CommandFailure } from "./failure.ts";

/** Turns "cannot connect" into a sentence for the person at the keyboard; other errors stay what they are. */
export function asDatabaseFailure(error: unknown, url: string): unknown {
  const trouble = databaseTrouble(error);
  if (trouble === null) return error;
  return new CommandFailure(
    `The database at ${databaseAddress(url)} cannot be used: ${trouble}. Is \`npm start\` running? \`tributary doctor\` tells you more.`,
  );
}
