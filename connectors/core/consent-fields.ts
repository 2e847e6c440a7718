/**
 * A property write never carries or changes a permission: what a person said is the tool's to keep, and ours to read. The one
 * way out is an opt-out, by the tool's own call for it.
 */
import type { RecordWrite, WriteResult } from "./contract.ts";

/** Words in the name of a property that carries somebody's permission, or their place on a list of those not to be written to. */
const SAYS_CONSENT =
  /consent|opt(ed)?[\s_-]?(in|out)|subscri|unsub|suppress|gdpr|legal[\s_-]?basis|marketable|whatsapp|(accepts?|allows?)[\s_-]?(e-?mail|sms|marketing)|do[\s_-]?not[\s_-]?(contact|e?-?mail|call|text|sell|track)|email[\s_-]?(status|permission|blocked)|hs_sms/i;

export const saysConsent = (name: string): boolean => SAYS_CONSENT.test(name);

declare const checked: unique symbol;

/** Values without any permission among them: what a connector is given to write. Made here alone. */
export type PropertyValues = Readonly<Record<string, string | null>> & { readonly [checked]: true };

export type PropertyWrite = Omit<RecordWrite, "values"> & { values: PropertyValues };

/** What may be handed to a connector, and the answer for the rest. */
export function withoutConsent(writes: readonly RecordWrite[]): { sound: PropertyWrite[]; refused: WriteResult[] } {
  const sound: PropertyWrite[] = [];
  const refused: WriteResult[] = [];
  for (const write of writes) {
    const name = Object.keys(write.values).find(saysConsent);
    // The brand says that this was looked at.
    if (name === undefined) sound.push({ ...write, values: write.values as PropertyValues });
    else refused.push({ id: write.id, outcome: "rejected", reason: reasonOf(name) });
  }
  return { sound, refused };
}

const reasonOf = (name: string): string =>
  `"${name}" reads like a property that carries consent or a subscription, and those are never written.`;
