/** Fields of tools that keep no definitions: a name is all there is, and it is there once a record has it. */
import type { WriteBack } from "./contract.ts";

/**
 * For `WriteBack`.
 *
 * @param flawOf what keeps a name from being written, as a whole sentence; null: nothing does
 */
export function freeFields(
  flawOf: (name: string) => string | null,
): Pick<WriteBack<unknown>, "ensureFields" | "describeField"> {
  const reasonOf = (name: string): string | null => {
    const flaw = flawOf(name);
    return flaw === null ? null : `${flaw} Choose another name.`;
  };
  return {
    async ensureFields(_, fields) {
      return fields.map(({ name }) => {
        const reason = reasonOf(name);
        return reason === null ? { name, outcome: "exists" } : { name, outcome: "conflict", reason };
      });
    },
    async describeField(_, name) {
      const reason = reasonOf(name);
      return reason === null ? { state: "undefined" } : { state: "refused", reason };
    },
  };
}
