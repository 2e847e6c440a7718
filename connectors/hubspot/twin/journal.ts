/** What was written to the twin, one JSON line per change, so that a restart with the same seed forgets nothing. */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { z } from "zod";

const values = z.record(z.string(), z.string().nullable());
const status = z.strictObject({
  subscriptionId: z.string(),
  subscriptionName: z.string(),
  status: z.enum(["SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED"]),
  source: z.string(),
  legalBasis: z.string().nullable(),
  legalBasisExplanation: z.string().nullable(),
  timestamp: z.string(),
});
const objectType = z.enum(["contacts", "companies", "deals"]);
const option = z.strictObject({
  label: z.string(),
  value: z.string(),
  hidden: z.boolean().default(false),
  displayOrder: z.number().default(-1),
  description: z.string().optional(),
});

export const propertyDefinition = z.strictObject({
  name: z.string(),
  label: z.string(),
  description: z.string(),
  groupName: z.string(),
  type: z.string(),
  fieldType: z.string(),
  options: z.array(option),
  hubspotDefined: z.boolean(),
  readOnly: z.boolean(),
  archived: z.boolean(),
});
const propertyGroup = z.strictObject({ name: z.string(), label: z.string(), displayOrder: z.number() });

const change = z.discriminatedUnion("op", [
  z.strictObject({
    op: z.literal("create"),
    type: objectType,
    id: z.string(),
    at: z.number(),
    values,
    contactIds: z.array(z.string()),
  }),
  z.strictObject({ op: z.literal("set"), type: objectType, id: z.string(), at: z.number(), values }),
  z.strictObject({ op: z.literal("archive"), type: objectType, id: z.string(), at: z.number() }),
  z.strictObject({ op: z.literal("restore"), type: objectType, id: z.string(), at: z.number() }),
  z.strictObject({ op: z.literal("merge"), winner: z.string(), loser: z.string(), at: z.number() }),
  z.strictObject({ op: z.literal("status"), id: z.string(), at: z.number(), status }),
  z.strictObject({ op: z.literal("property"), definition: propertyDefinition }),
  z.strictObject({ op: z.literal("group"), group: propertyGroup }),
]);

export type ObjectType = z.infer<typeof objectType>;
export type SubscriptionStatus = z.infer<typeof status>;
export type PropertyDefinition = z.infer<typeof propertyDefinition>;
export type PropertyGroup = z.infer<typeof propertyGroup>;
export type Change = z.infer<typeof change>;

export class Journal {
  readonly #file: number;

  private constructor(file: number) {
    this.#file = file;
  }

  /** Opens the file and answers what it holds. A last line torn by a kill is cut off, so that the next one starts clean. */
  static open(path: string): { journal: Journal; changes: Change[] } {
    const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    const end = content.lastIndexOf(0x0a) + 1;
    const lines = content.subarray(0, end).toString("utf8").split("\n");
    const file = openSync(path, "a");
    if (end < content.length) ftruncateSync(file, end);
    const changes = lines.filter((line) => line !== "").map((line) => change.parse(JSON.parse(line)));
    return { journal: new Journal(file), changes };
  }

  /** One system call: the lines survive the process from here on. */
  append(changes: Change[]): void {
    if (changes.length > 0) writeSync(this.#file, changes.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  }

  close(): void {
    closeSync(this.#file);
  }
}
