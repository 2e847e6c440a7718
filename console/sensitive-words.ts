/** Sensitive facts of persons as a person names them, and the reason for keeping them. */
import { isSensitiveName, SENSITIVE_NAMES, type SensitiveName } from "#connectors/core/sensitive.ts";
import { Refusal } from "./refusal.ts";

/** Names of `sensitive.ts`, also with hyphens, and what they are needed for. */
export interface SensitiveWords {
  use?: string;
  stopUsing?: string;
  reason?: string;
}

/** `birth_date` as people type it: `birth-date`. */
export const sensitiveWord = (name: SensitiveName): string => name.replaceAll("_", "-");

/** @throws Refusal where a name is not known, or no reason is given */
export function parseSensitive({ use, stopUsing, reason = "" }: SensitiveWords): {
  use: SensitiveName[];
  stop: SensitiveName[];
  reason: string;
} {
  const facts = { use: namesIn(use), stop: namesIn(stopUsing), reason: reason.trim() };
  if (facts.use.length + facts.stop.length > 0 && facts.reason === "")
    throw new Refusal(
      'Such facts are kept only with a reason, which is recorded: add --reason "what it is needed for".',
      "words",
    );
  return facts;
}

function namesIn(text = ""): SensitiveName[] {
  const names = text.split(",").map((name) => name.trim().replaceAll("-", "_"));
  return names
    .filter((name) => name !== "")
    .map((name) => {
      if (isSensitiveName(name)) return name;
      const known = SENSITIVE_NAMES.map(sensitiveWord).join(", ");
      throw new Refusal(
        `${JSON.stringify(name.slice(0, 60))} is none of the facts that are off by default: ${known}.`,
        "words",
      );
    });
}
