/** Whether anything was done that somebody had not permitted. */
import { usesOf } from "#profile/plan/fields.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { replay, type Allowed, type Statement } from "../statement.ts";
import type { People } from "./people.ts";
import type { Stored } from "./stored.ts";
import { FIELD_NAMES } from "./tools.ts";
import { recordKey, type Truth } from "./truth.ts";

/**
 * `violations`: what was said on the profile's own records forbids it, or nobody in it ever said yes. `outOfSight`: these
 * records permit it, but the person said no on a record that identity did not join; no tool tells that it is theirs.
 */
export interface ConsentCount {
  count: number;
  violations: number;
  outOfSight: number;
}

export interface ConsentGrade {
  /** Profiles whose next best action is a message. */
  messages: ConsentCount;
  /** Contacts and customers that show such an action in the tools. */
  messagesWritten: ConsentCount;
  /** Contacts and customers with any field of ours set. */
  profiled: ConsentCount;
}

type Verdict = "permitted" | "forbidden" | "out of sight";

export function consentGrade(
  truth: Truth,
  stored: Stored,
  people: People,
  tools: Record<"hubspot" | "stripe", Map<string, FieldValues>>,
): ConsentGrade {
  const judge = createJudge(truth, stored, people);
  const nothing = (): ConsentCount => ({ count: 0, violations: 0, outOfSight: 0 });
  const result: ConsentGrade = { messages: nothing(), messagesWritten: nothing(), profiled: nothing() };
  for (const profile of people.personsOf.keys()) {
    const channel = channelOf(stored.traitsOf.get(profile)?.["next_best_action"]?.value);
    if (channel !== null) note(result.messages, judge.sending(profile, channel));
  }
  const places = [
    ["hubspot", "contacts"],
    ["stripe", "customers"],
  ] as const;
  for (const [source, stream] of places) {
    for (const [id, values] of tools[source]) {
      const key = recordKey(source, stream, id);
      const person = truth.records.get(key)?.person ?? null;
      const profile = stored.profileOf.get(key);
      if (person === null || profile === undefined) continue;
      if (FIELD_NAMES.some((name) => (values[name] ?? null) !== null)) note(result.profiled, judge.profiling(profile));
      const channel = channelOf(values["tributary_next_best_action"]);
      if (channel !== null) note(result.messagesWritten, judge.sending(profile, channel));
    }
  }
  return result;
}

/** The channel a next best action sends over, as the plan sees it; null: it sends nothing. */
function channelOf(action: unknown): "email" | "sms" | null {
  if (typeof action !== "string") return null;
  const use = usesOf({ tributary_next_best_action: action }).find(({ purpose }) => purpose === "marketing");
  return use?.channel === "email" || use?.channel === "sms" ? use.channel : null;
}

function note(count: ConsentCount, verdict: Verdict): void {
  count.count++;
  if (verdict === "forbidden") count.violations++;
  if (verdict === "out of sight") count.outOfSight++;
}

/** Each person's own words count for themselves: somebody else's yes in the same profile does not lift their no. */
function createJudge(truth: Truth, stored: Stored, { personsOf }: People) {
  const said = new Map<string, Statement[]>();
  for (const statement of truth.statements) {
    const profile = stored.profileOf.get(statement.record);
    if (profile === undefined) continue;
    const held = said.get(profile);
    if (held === undefined) said.set(profile, [statement]);
    else held.push(statement);
  }
  const answers = (profile: string, { channel, purpose }: Pick<Allowed, "channel" | "purpose">) =>
    replay(said.get(profile) ?? []).filter((answer) => answer.channel === channel && answer.purpose === purpose);
  const persons = (profile: string) => [...(personsOf.get(profile) ?? [])];
  return {
    sending(profile: string, channel: "email" | "sms"): Verdict {
      const own = answers(profile, { channel, purpose: "marketing" });
      if (own.length === 0 || own.some(({ allowed }) => !allowed)) return "forbidden";
      return persons(profile).some((person) => truth.refuses(person, channel)) ? "out of sight" : "permitted";
    },
    profiling(profile: string): Verdict {
      const own = answers(profile, { channel: "any", purpose: "personalisation" });
      if (own.some(({ allowed }) => !allowed)) return "forbidden";
      return persons(profile).every((person) => truth.mayProfile(person)) ? "permitted" : "out of sight";
    },
  };
}
