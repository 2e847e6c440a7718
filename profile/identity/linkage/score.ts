import { comparisonAt, comparisons, type EvidenceGroup, evidenceGroups } from "./comparisons.ts";
import { generationsDiffer, givenNamesDiffer } from "./doubt.ts";
import type { LinkageFacts } from "./facts.ts";
import { type LinkageModel, termOf } from "./model.ts";
import type { Joins } from "./tighten.ts";
import { RecordTable, UNKNOWN } from "./record-table.ts";

/** Clues that follow from one another: together they say no more than this. */
const CAPS: readonly { fields: readonly string[]; most: number }[] = [
  { fields: ["first_name", "last_name", "email as a name"], most: 24 },
  { fields: ["postcode", "street", "street_number", "city", "region"], most: 16 },
];
/** A clue as evidence of its own: four times as likely. */
const LEAST_CLUE = 2;
/** Groups of clues that it takes to join by itself. */
const LEAST_GROUPS = 2;
const LAST = comparisonAt.last_name;
const BORN = comparisonAt.birth_date;

export interface Score {
  /** log2 of the odds that the two are one person. */
  weight: number;
  /** Groups of clues that speak for it, as bits of their positions in `evidenceGroups`. */
  clues: number;
  joins: Joins;
}

/** Scores pairs of some records by one model. */
export class Scorer {
  readonly #records: readonly LinkageFacts[];
  readonly #table: RecordTable;
  readonly #model: LinkageModel;
  readonly #levels = new Uint8Array(comparisons.length);
  readonly #prior: number;
  /** What a value being rare or common adds, by comparison and number. */
  readonly #rarity: readonly Float64Array[];
  readonly #capped = new Float64Array(CAPS.length);
  readonly #groups = new Float64Array(evidenceGroups.length);

  constructor(records: readonly LinkageFacts[], model: LinkageModel, table = new RecordTable(records)) {
    this.#records = records;
    this.#table = table;
    this.#model = model;
    this.#prior = Math.log2(model.lambda / (1 - model.lambda));
    this.#rarity = comparisons.map(({ byFrequency }, c) => {
      const texts = table.textsOf(c);
      const rarity = new Float64Array(texts.length);
      const learned = model.comparisons[c];
      if (!byFrequency || learned === undefined || learned.weights[0] === 0) return rarity;
      texts.forEach((text, number) => {
        const share = learned.terms[termOf(text)] ?? learned.otherTerm;
        if (share > 0) rarity[number] = Math.log2((learned.u[0] ?? share) / share);
      });
      return rarity;
    });
  }

  /** How each comparison of the pair scored last came out. */
  get levels(): Uint8Array {
    return this.#levels;
  }

  score(a: number, b: number): Score {
    this.#table.compare(a, b, this.#levels);
    this.#capped.fill(0);
    this.#groups.fill(0);
    let weight = this.#prior;
    for (let c = 0; c < comparisons.length; c++) {
      const level = this.#levels[c] ?? UNKNOWN;
      if (level === UNKNOWN) continue;
      const clue = this.clueOf(c, a, b);
      const cap = capAt[c]?.[level] ?? -1;
      if (clue > 0 && cap >= 0) this.#capped[cap] = (this.#capped[cap] ?? 0) + clue;
      else weight += clue;
      const group = groupAt[c]?.[level] ?? 0;
      this.#groups[group] = (this.#groups[group] ?? 0) + clue;
    }
    CAPS.forEach(({ most }, at) => (weight += Math.min(most, this.#capped[at] ?? 0)));
    let clues = 0;
    this.#groups.forEach((clue, group) => {
      if (clue >= LEAST_CLUE) clues |= 1 << group;
    });
    const { automatic, together } = this.#model;
    const doubtful = weight < together || this.#isDoubtful(a, b, clues);
    return { weight, clues, joins: doubtful ? "never" : weight >= automatic ? "alone" : "together" };
  }

  /** What one comparison of the pair scored last adds to the weight. */
  clueOf(comparison: number, a: number, b: number): number {
    const level = this.#levels[comparison] ?? UNKNOWN;
    if (level === UNKNOWN) return 0;
    const weight = this.#model.comparisons[comparison]?.weights[level] ?? 0;
    if (level !== 0) return weight;
    const number = this.#table.numberAt(comparison, a);
    if (number < 0 || number !== this.#table.numberAt(comparison, b)) return weight;
    return weight + (this.#rarity[comparison]?.[number] ?? 0);
  }

  /** However likely: what only a person may decide. */
  #isDoubtful(a: number, b: number, clues: number): boolean {
    if (countOf(clues) < LEAST_GROUPS) return true;
    const [one, other] = [this.#records[a], this.#records[b]];
    if (one === undefined || other === undefined) return true;
    // A number of their own tells even twins apart.
    const numbered = (clues & (1 << groupNumber("number"))) !== 0;
    if (generationsDiffer(one.name, other.name, numbered || this.#levels[BORN] === 0)) return true;
    if (numbered) return false;
    // Of a marriage or of two people who share a given name: it takes two clues besides the names.
    const lastDiffers = this.#levels[LAST] === (comparisons[LAST]?.levels.length ?? 0) - 1;
    if (lastDiffers && countOf(clues & ~(1 << groupNumber("name"))) < LEAST_GROUPS) return true;
    return givenNamesDiffer(one.name, other.name);
  }
}

const groupNumber = (group: EvidenceGroup): number => evidenceGroups.indexOf(group);

const groupAt = comparisons.map(({ group, levels }) => levels.map((level) => groupNumber(level.group ?? group)));
const capAt = comparisons.map(({ field, levels }) =>
  levels.map(({ group }) => {
    const named = group === "name" ? "email as a name" : field;
    return CAPS.findIndex(({ fields }) => fields.includes(named));
  }),
);

function countOf(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count++;
  return count;
}
