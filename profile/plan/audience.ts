/** Who belongs into an audience, and who has to leave it: pure. */
import type { AudienceDefinition, AudiencePerson, Audiences } from "#connectors/core/audience.ts";
import { allows, type Addresses, type KnownAnswer } from "#profile/consent/decide.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { usesOf } from "./fields.ts";

/** The seed that a vendor finds similar people by. */
export const BEST_CUSTOMERS: AudienceDefinition = {
  name: "tributary_audience_best_customers",
  title: "Best customers (Tributary)",
  description: "Those who spent most in the last year and agreed to advertising. Made and kept by Tributary.",
};

/** A record of somebody who may be wanted, best customers first; one person can have several. */
export interface AudienceCandidate {
  profileId: ProfileId;
  recordId: RecordId;
  addresses: Addresses;
  person: AudiencePerson;
  consents: readonly KnownAnswer[];
}

/** Only a yes for the whole person holds here. */
const NOWHERE: Addresses = { email: null, phone: null };
const NOBODY: AudiencePerson = {
  ...{ email: null, phone: null, firstName: null, lastName: null, country: null, postcode: null },
};

export interface AudienceMember {
  memberId: RecordId;
  profileId: ProfileId;
  recordId: RecordId;
  /** What the vendor was told of them. */
  sent: string;
}

export interface MemberChange {
  memberId: RecordId;
  profileId: ProfileId;
  recordId: RecordId;
  before: string | null;
  after: string | null;
}

export interface Choice {
  joining: MemberChange[];
  leaving: MemberChange[];
  /** Why nobody joins; null: nothing is in the way. */
  refused: string | null;
}

/**
 * Nobody joins who has not said yes to it for the very address that would be sent, and nobody at all where too few would be
 * left to be an audience. Who is in it and no longer belongs there leaves; so does whoever changed their address, to join
 * anew.
 */
export function chooseMembers(
  candidates: readonly AudienceCandidate[],
  members: readonly AudienceMember[],
  {
    audience,
    size,
    vendor: { identify, minimumSize },
    memberIdOf,
  }: {
    audience: string;
    size: number;
    vendor: Pick<Audiences<unknown>, "identify" | "minimumSize">;
    memberIdOf(profileId: ProfileId): RecordId;
  },
): Choice {
  const uses = usesOf({ [audience]: "joins" });
  const wanted = new Map<ProfileId, { recordId: RecordId; member: string }>();
  for (const { profileId, recordId, addresses, person, consents } of candidates) {
    if (wanted.has(profileId) || wanted.size >= size) continue;
    if (!allows(consents, uses, addresses)) continue;
    // A yes for an address says nothing of the number beside it.
    const member = identify(allows(consents, uses, NOWHERE) ? person : { ...NOBODY, email: person.email });
    if (member === null) continue;
    wanted.set(profileId, { recordId, member });
  }
  const leaving = members
    .filter(({ profileId, sent }) => wanted.get(profileId)?.member !== sent)
    .map(({ memberId, profileId, recordId, sent }) => ({ memberId, profileId, recordId, before: sent, after: null }));
  if (wanted.size < minimumSize)
    return {
      ...{ joining: [], leaving },
      refused: `${wanted.size} customers spent something within a year and agreed to advertising; an audience needs ${minimumSize}, so nobody is added.`,
    };
  const known = new Set(members.map(({ profileId }) => profileId));
  const joining = [...wanted]
    .filter(([profileId]) => !known.has(profileId))
    .map(([profileId, { recordId, member }]) => ({
      ...{ memberId: memberIdOf(profileId), profileId, recordId, before: null, after: member },
    }));
  return { joining, leaving, refused: null };
}
