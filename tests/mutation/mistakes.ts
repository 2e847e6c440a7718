/** The mistakes of every connector, each from the file `mistakes.ts` of its folder, and the rules of consent. */
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";
import { consentRules } from "./consent-rules.ts";

const CONNECTORS = join(import.meta.dirname, "../../connectors");

export interface KnownMistake extends Mistake {
  /** The connector, or `consent`. */
  vendor: string;
  /** From the root of the project. */
  folder: string;
  /** Which must notice, from there. */
  tests: string;
}

export async function knownMistakes(): Promise<KnownMistake[]> {
  const files = globSync("*/mistakes.ts", { cwd: CONNECTORS }).toSorted();
  const known = files.map(async (file) => {
    const { mistakes } = (await import(join(CONNECTORS, file))) as { mistakes: readonly Mistake[] };
    const vendor = dirname(file);
    const folder = `connectors/${vendor}`;
    return mistakes.map((mistake): KnownMistake => ({
      ...mistake,
      vendor,
      folder,
      tests: `${folder}/contract.test.ts`,
    }));
  });
  const folder = "profile/consent";
  const rules = consentRules.map((rule): KnownMistake => ({ ...rule, vendor: "consent", folder, tests: `${folder}/` }));
  return [...(await Promise.all(known)).flat(), ...rules];
}
