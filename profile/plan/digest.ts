/** The seal of a plan: what is approved is what is written. */
import { createHash } from "node:crypto";

/** A change as it is stored. Equal values are equal text: jsonb keeps one spelling and one order of fields. */
export interface SealedChange {
  vendorId: string;
  /** JSON */
  before: string;
  after: string;
}

export interface PlanDigest {
  /** In ascending order of vendor id, by bytes. */
  add(change: SealedChange): void;
  /** Hex SHA-256. */
  end(): string;
}

/** Takes the changes one by one, so that a plan of any size is sealed in flat memory. */
export function openDigest(): PlanDigest {
  const hash = createHash("sha256");
  let last: Buffer | null = null;
  return {
    add({ vendorId, before, after }) {
      const id = Buffer.from(vendorId);
      if (last !== null && Buffer.compare(last, id) >= 0)
        throw new RangeError("Changes must come sorted, each record once.");
      last = id;
      hash.update(`${JSON.stringify([vendorId, before, after])}\n`);
    },
    end: () => hash.digest("hex"),
  };
}
