/** Why an answer is what it is, as a sentence for people. Pure. */
import type { ConsentStateName } from "#connectors/core/records.ts";
import type { ConsentEntry } from "./ledger.ts";
import type { Timed } from "./timed.ts";

const dayFormats = new Map<string, Intl.DateTimeFormat>();

export function dayFormatOf(timeZone: string): Intl.DateTimeFormat {
  const known = dayFormats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone });
  dayFormats.set(timeZone, made);
  return made;
}

/** Why no yes stands though one was said. */
export type Shortfall =
  /** Its own source no longer stands by it. */
  | "suspended"
  /** Its date lay in the future when it came. */
  | "impossible"
  /** It was implied, where the law knows no implied consent. */
  | "implied"
  /** It was not confirmed, where that is asked for. */
  | "unproved";

const SUPPRESSIONS: Readonly<Record<string, string>> = {
  hard_bounce: "messages to it came back for good",
  complaint: "its owner called a message spam",
  suppressed: "it is on a list of suppressions",
};

export function reasonOf(
  state: ConsentStateName,
  decisive: Timed | undefined,
  shortfall: Shortfall | null,
  days: Intl.DateTimeFormat,
): string {
  if (decisive === undefined) return "not allowed - no consent recorded";
  const { entry, dated, effective, expires } = decisive;
  const day = days.format(effective);
  const suppression = SUPPRESSIONS[entry.cause ?? ""];
  if (suppression !== undefined)
    return `not allowed - the address is suppressed since ${day}: ${suppression}${proofOf(entry)}`;
  if (entry.cause === "minor") return `not allowed - the person is under age${proofOf(entry)}`;
  const when = dated ? ` on ${day}` : `, ${undated(entry, days)}, counted from ${day}`;
  const of = entry.byAddress === true ? " for this address" : "";
  const proof = proofOf(entry);
  switch (state) {
    case "granted":
      return `allowed - ${entry.explicit && dated ? "confirmed" : "recorded"}${when}${proof}`;
    case "denied":
      if (entry.cause === "browser_signal") return `not allowed - browser opt-out signal seen${when}${proof}`;
      return `not allowed - refused${of}${when}${proof}`;
    case "withdrawn":
      return `not allowed - withdrawn${of}${when}${proof}`;
    case "pending":
      return `not allowed - asked${when}, not confirmed yet${proof}`;
    case "expired":
      if (entry.state === "pending") return `not allowed - asked${when}, never confirmed${proof}`;
      return `not allowed - expired${expires === null ? when : ` on ${days.format(expires)}`}${proof}`;
    case "unknown":
      return unknownOf(shortfall, { day, when, proof });
  }
}

function unknownOf(
  shortfall: Shortfall | null,
  { day, when, proof }: Record<"day" | "when" | "proof", string>,
): string {
  switch (shortfall) {
    case "suspended":
      return `not allowed - the source no longer confirms an earlier yes, since ${day}${proof}`;
    case "impossible":
      return `not allowed - the yes cannot be dated${when}${proof}`;
    case "implied":
      return `not allowed - the consent was implied${when}, and the person's law asks for an express one${proof}`;
    case "unproved":
      return `not allowed - recorded${when}, but not confirmed by the person, which their law asks for${proof}`;
    case null:
      return `not allowed - no consent recorded${proof}`;
  }
}

function proofOf(entry: ConsentEntry): string {
  const told = [
    entry.proof,
    entry.inDoubt === true ? "by what may be the same person" : "",
    entry.byAddress === true && SUPPRESSIONS[entry.cause ?? ""] === undefined ? "in another record" : "",
  ].filter((part) => part !== "");
  return told.length === 0 ? "" : ` (${told.join("; ")})`;
}

const undated = ({ effectiveAt }: ConsentEntry, days: Intl.DateTimeFormat): string =>
  effectiveAt === null
    ? "date not given by the source"
    : `dated ${days.format(Date.parse(effectiveAt))} by the source, which was in the future then`;
