/** The mistakes of every connector, each from the file `mistakes.ts` of its folder. */
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

const CONNECTORS = join(import.meta.dirname, "../../connectors");

export interface KnownMistake extends Mistake {
  /** The folder whose contract test is run. */
  vendor: string;
}

export async function knownMistakes(): Promise<KnownMistake[]> {
  const files = globSync("*/mistakes.ts", { cwd: CONNECTORS }).toSorted();
  const known = files.map(async (file) => {
    const { mistakes } = (await import(join(CONNECTORS, file))) as { mistakes: readonly Mistake[] };
    return mistakes.map((mistake) => ({ ...mistake, vendor: dirname(file) }));
  });
  return (await Promise.all(known)).flat();
}
