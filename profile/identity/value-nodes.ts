import { valueKeyOf } from "./identifiers.ts";
import type { IdentityRecord } from "./resolve.ts";
import { type IdentifierKind, linkRules, type LinkRule } from "./rules.ts";

/** One identifier value and who holds it. */
export interface ValueNode {
  rule: LinkRule;
  value: string;
  /** Positions in the sorted records, ascending. */
  holders: number[];
}

const ruleOf = new Map(linkRules.map((rule) => [`${rule.kind} ${rule.quality}`, rule]));

/**
 * The values that two or more records hold, in the order they are tried: by priority, kind, value.
 *
 * An address without dots and tags stands for itself as a canonical one; a merge at the source ties the loser to the winner.
 *
 * @param records sorted; positions refer to this order
 */
export function valueNodes(records: readonly IdentityRecord[], overflowing: ReadonlySet<string>): ValueNode[] {
  const nodes = new Map<string, ValueNode>();
  const hold = (rule: LinkRule, key: string, value: string, position: number): void => {
    const node = nodes.get(key);
    if (node === undefined) nodes.set(key, { rule, value, holders: [position] });
    else if (node.holders.at(-1) !== position) node.holders.push(position);
  };

  records.forEach(({ identifiers }, position) => {
    for (const { kind, value, quality } of identifiers) {
      const rule = quality === "blocked" ? undefined : ruleOf.get(`${kind} ${quality}`);
      if (rule !== undefined) hold(rule, valueKeyOf(kind, value), value, position);
    }
  });
  const winners = new Map([...nodes.values()].filter(isMerge).map((node) => [node.value, node]));
  const canonical = [...nodes.values()].filter((node) => node.rule.kind === "email_canonical");
  for (const node of canonical) {
    const key = valueKeyOf("email", node.value);
    const plain = nodes.get(key);
    if (plain !== undefined && !overflowing.has(key))
      node.holders = [...new Set([...node.holders, ...plain.holders])].toSorted((a, b) => a - b);
  }
  if (winners.size > 0) {
    records.forEach(({ recordId }, position) => {
      const node = winners.get(recordId);
      if (node !== undefined) node.holders = [...new Set([...node.holders, position])].toSorted((a, b) => a - b);
    });
  }

  const list: ValueNode[] = [];
  for (const [key, node] of nodes) {
    if (node.holders.length > 1 && !overflowing.has(key)) list.push(node);
  }
  return list.sort(
    (a, b) => a.rule.priority - b.rule.priority || compare(a.rule.kind, b.rule.kind) || compare(a.value, b.value),
  );
}

const isMerge = (node: ValueNode): boolean => node.rule.kind === "merged_into";

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Kinds whose values are also looked for under another kind, when records are gathered. */
export const alsoLookedUpAs: Partial<Record<IdentifierKind, IdentifierKind>> = {
  email: "email_canonical",
  email_canonical: "email",
};
