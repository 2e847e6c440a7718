/** Counting what became of a file's rows: rows = taken + collapsed + refused. */
import type { Reject } from "../core/contract.ts";
import type { Unit } from "./columns.ts";
import { keyOf } from "./person.ts";
import type { Tally } from "./settings.ts";

/** A remark: the row was used, but for what the reason names. */
export function isKept({ kept }: Pick<Reject, "kept">): boolean {
  return kept === true;
}

/** State with a life cycle: which records the rows so far have made. */
export class RowCounter {
  readonly #seen = new Set<number>();

  /** @returns the rows of a unit by what became of them; a person or event that came before is collapsed */
  count(unit: Unit): Tally {
    const refused = unit.rejects.filter((reject) => !isKept(reject)).length;
    const again = unit.collapsed + (this.#isAgain(unit) ? unit.rows : 0);
    return { rows: unit.rows + refused, taken: unit.rows - again, collapsed: again, refused };
  }

  #isAgain({ records }: Unit): boolean {
    const main = records.find(({ kind }) => kind === "touchpoint") ?? records.find(({ kind }) => kind === "person");
    // An order's rows have come together before, and its person may buy again.
    if (main === undefined || records.some(({ kind }) => kind === "order")) return false;
    const size = this.#seen.size;
    return this.#seen.add(Number.parseInt(keyOf(main.id).slice(0, 13), 16)).size === size;
  }
}

export const NOTHING: Tally = { rows: 0, taken: 0, collapsed: 0, refused: 0 };

export function plus(a: Tally, b: Tally): Tally {
  return {
    rows: a.rows + b.rows,
    taken: a.taken + b.taken,
    collapsed: a.collapsed + b.collapsed,
    refused: a.refused + b.refused,
  };
}
