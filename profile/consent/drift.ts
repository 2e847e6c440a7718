/** Where tools disagree about one person: who is stricter, and since when. Pure. */
import { type ConsentAnswer, type ConsentEntry, effectiveConsent } from "./ledger.ts";

export interface ToolEntry {
  connectionId: string;
  entry: ConsentEntry;
}

export interface Side {
  connectionId: string;
  state: ConsentAnswer["state"];
  /** ISO 8601; null: the tool does not say. */
  since: string | null;
}

export interface Drift {
  channel: string;
  purpose: string;
  stricter: Side;
  looser: Side;
}

/**
 * Strictest first, as the ledger merges them. That a tool knows nothing of somebody is no disagreement; that it does not know any
 * more is one with a tool that says yes.
 */
const ORDER: readonly ConsentAnswer["state"][] = ["withdrawn", "denied", "expired", "pending", "unknown", "granted"];

/** Every pair of tools of which one says yes and the other does not. */
export function driftOf(said: readonly ToolEntry[], at: string): Drift[] {
  const byTool = Map.groupBy(said, ({ connectionId }) => connectionId);
  if (byTool.size < 2) return [];
  const sides = [...byTool].flatMap(([connectionId, own]) =>
    effectiveConsent(
      own.map(({ entry }) => entry),
      at,
    ).map(({ channel, purpose, state, effectiveAt }) => ({
      channel,
      purpose,
      connectionId,
      state,
      since: effectiveAt,
    })),
  );
  const pairs = Map.groupBy(sides, ({ channel, purpose }) => `${channel} ${purpose}`);
  return [...pairs.values()].flatMap((answers) => {
    const yes = answers.filter(({ state }) => state === "granted");
    const others = answers.filter(({ state }) => state !== "granted").toSorted((a, b) => rank(a) - rank(b));
    return yes.flatMap(({ channel, purpose, ...looser }) =>
      others.map(({ channel: _channel, purpose: _purpose, ...stricter }) => ({ channel, purpose, stricter, looser })),
    );
  });
}

const rank = ({ state }: Side): number => ORDER.indexOf(state);
