import type { PersonName } from "./names.ts";
import { ProfileDrafts } from "./profile-drafts.ts";
import type { IdentityRecord } from "./resolve.ts";
import { type IdentifierKind, type LinkRule, linkRules } from "./rules.ts";

const ruleOf = new Map<string, LinkRule>(linkRules.map((rule) => [`${rule.kind} ${rule.quality}`, rule]));

/**
 * Whether a value joins none of its holders, whatever else is known about them. `resolve` then decides the same whether
 * it knows the other records of these people or not, so nobody need follow the value.
 *
 * @param holders all of them, with their own names
 */
export function isStandoff(
  kind: IdentifierKind,
  quality: string,
  holders: readonly { recordId: IdentityRecord["recordId"]; name: PersonName }[],
): boolean {
  const rule = ruleOf.get(`${kind} ${quality}`);
  if (rule === undefined || holders.length < 2) return false;
  const drafts = new ProfileDrafts(
    holders.map((holder) => ({ ...holder, createdAtMs: null, postcode: null, identifiers: [] })),
  );
  return drafts.standoff([...holders.keys()], rule) !== null;
}
