/** Whether anything was done that somebody had not permitted. */
import { usesOf } from "#profile/plan/fields.ts";
import { identify } from "#connectors/google-ads/identifiers.ts";
import { replay, type Allowed, type Statement } from "../statement.ts";
import type { People } from "./people.ts";
import type { Stored } from "./stored.ts";
import { FIELD_NAMES, WRITTEN_TOOLS, type ShownFields, type WrittenTool } from "./tools.ts";
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
  /** Records that show such an action in the tools. */
  messagesWritten: ConsentCount;
  /** Records in the tools with any field of ours set. */
  profiled: ConsentCount;
  /** People in the advertising audience. */
  adverts: ConsentCount;
  /** People of whom opened letters are kept. */
  opens: ConsentCount;
}

type Verdict = "permitted" | "forbidden" | "out of sight";

export function consentGrade(
  truth: Truth,
  stored: Stored,
  people: People,
  { tools, audience }: { tools: ShownFields; audience: readonly string[] },
): ConsentGrade {
  const judge = createJudge(truth, stored, people);
  const nothing = (): ConsentCount => ({ count: 0, violations: 0, outOfSight: 0 });
  const result: ConsentGrade = {
    ...{ messages: nothing(), messagesWritten: nothing(), profiled: nothing() },
    ...{ adverts: nothing(), opens: nothing() },
  };
  for (const profile of people.personsOf.keys()) {
    const channel = channelOf(stored.traitsOf.get(profile)?.["next_best_action"]?.value);
    if (channel !== null) note(result.messages, judge.sending(profile, channel));
  }
  for (const [source, { stream }] of Object.entries(WRITTEN_TOOLS)) {
    for (const [id, values] of tools[source as WrittenTool]) {
      const key = recordKey(source, stream, id);
      const person = truth.records.get(key)?.person ?? null;
      const profile = stored.profileOf.get(key);
      if (person === null || profile === undefined) continue;
      if (FIELD_NAMES.some((name) => (values[name] ?? null) !== null)) note(result.profiled, judge.profiling(profile));
      const channel = channelOf(values["tributary_next_best_action"]);
      if (channel !== null) note(result.messagesWritten, judge.sending(profile, channel));
    }
  }
  const recordsOf = Map.groupBy(stored.addressesOf.keys(), (key) => hashOf(stored.addressesOf.get(key)?.email ?? null));
  for (const member of audience) note(result.adverts, judge.showing(recordsOf.get(emailHashIn(member)) ?? []));
  const agreed = new Set(
    truth.statements.flatMap(({ purpose, state, record }) =>
      purpose === "analytics" && state === "granted" ? record : [],
    ),
  );
  for (const record of stored.opensOf.keys()) note(result.opens, agreed.has(record) ? "permitted" : "forbidden");
  return result;
}

const NOBODY = { email: null, phone: null, firstName: null, lastName: null, country: null, postcode: null };

/** What the advertising tool knows an address by; null: nothing. */
function hashOf(email: string | null): string | null {
  const member = identify({ ...NOBODY, email });
  return member === null ? null : emailHashIn(member);
}

const emailHashIn = (member: string): string | null => /"emailAddress":"([0-9a-f]{64})"/.exec(member)?.[1] ?? null;

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
  const ADVERTS = { channel: "ads", purpose: "ad_audience" } as const;
  const grants = new Set(
    truth.statements.flatMap(({ purpose, state, record }) =>
      purpose === ADVERTS.purpose && state === "granted" ? record : [],
    ),
  );
  return {
    /** @param records those with the address that was sent: one of them must hold the yes */
    showing(records: readonly string[]): Verdict {
      const profiles = new Set(records.flatMap((record) => stored.profileOf.get(record) ?? []));
      if (!records.some((record) => grants.has(record))) return "forbidden";
      for (const profile of profiles)
        if (answers(profile, ADVERTS).some(({ allowed }) => !allowed) || this.profiling(profile) === "forbidden")
          return "forbidden";
      const refuses = [...profiles].some((profile) => persons(profile).some((person) => truth.refuses(person, "ads")));
      return refuses ? "out of sight" : "permitted";
    },
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
