/** What people said about being written to and being profiled, as the tools recorded it. */

export interface Statement {
  person: string;
  channel: "email" | "sms" | "ads" | "any";
  /** `analytics`: that opened letters are kept. */
  purpose: "marketing" | "personalisation" | "ad_audience" | "analytics";
  state: "granted" | "withdrawn";
  at: number;
  /** Said by the person through a form, a link or a signature; not carried over by an import. */
  explicit: boolean;
  /** The record that carries it: `csv/people/C100`. */
  record: string;
}

export interface Allowed {
  person: string;
  channel: Statement["channel"];
  purpose: Statement["purpose"];
  allowed: boolean;
}

/**
 * The oracle: replays one person's statements, oldest first. A withdrawal closes, an explicit grant opens, a grant that
 * was merely imported opens only what nobody ever closed. Everything starts closed (unknown is no) but being profiled,
 * since here the law asks for no consent but honours an objection.
 *
 * Deliberately simple, and independent of `profile/consent`, which it is there to check.
 */
export function replay(statements: readonly Statement[]): Allowed[] {
  const answers = new Map<string, Allowed & { closedOnce: boolean }>();
  const oldestFirst = [...statements].sort((a, b) => a.at - b.at || (a.state === "withdrawn" ? 1 : -1));
  for (const { person, channel, purpose, state, explicit } of oldestFirst) {
    const key = `${person} ${channel} ${purpose}`;
    const before = answers.get(key) ?? {
      person,
      channel,
      purpose,
      allowed: purpose === "personalisation",
      closedOnce: false,
    };
    const granted = state === "granted" && (explicit || !before.closedOnce);
    const allowed = state === "withdrawn" ? false : before.allowed || granted;
    answers.set(key, { ...before, allowed, closedOnce: before.closedOnce || state === "withdrawn" });
  }
  return [...answers.values()].map(({ closedOnce: _closedOnce, ...answer }) => answer);
}
