import type { ConsentChannel, ConsentPurpose } from "./records.ts";

/** One use of somebody's data that needs permission: why, and over which channel. */
export interface Use {
  purpose: ConsentPurpose;
  channel: ConsentChannel;
}

declare const issued: unique symbol;

/**
 * Proof that the consent ledger allowed these uses for this person when it was asked. Functions that send data out
 * take one as an argument, so asking cannot be forgotten. Only `profile/consent` issues it (lint holds that border).
 */
export interface Grant {
  readonly [issued]: true;
  readonly profileId: string;
  readonly uses: readonly Use[];
  /** Ledger entries that allowed it; empty where the rule table allows a use without one (nobody objected). */
  readonly entryIds: readonly string[];
  readonly rulesVersion: string;
  readonly decidedAt: string;
}

declare const advertising: unique symbol;

/** A grant that covers being in an advertising audience: the ledger was asked for that very use. */
export interface AudienceGrant extends Grant {
  readonly [advertising]: true;
}

/** @throws Error where the ledger was asked for something else */
export function audienceGrant(grant: Grant): AudienceGrant {
  if (grant.uses.some(({ purpose, channel }) => purpose === "ad_audience" && channel === "ads"))
    return grant as AudienceGrant;
  throw new Error("Nobody joins an audience on a grant for something else.");
}

/** Makes a grant. For `profile/consent` alone. */
export function issueGrant(facts: Omit<Grant, typeof issued>): Grant {
  return Object.freeze({ ...facts }) as Grant;
}
