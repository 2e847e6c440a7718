/** For vendors that take one record a call. */
import type { RecordWrite, WriteResult } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import { inParallel } from "./in-parallel.ts";

/** So many failures of the vendor's own in one batch are an outage: the rest is not sent. */
const OUTAGE_AFTER = 3;

/**
 * Writes one by one, several at a time, and answers for each in their order. What the vendor refuses of one record is that
 * record's result; the limit, the credentials, a permission or an outage stop the rest, which are to be tried again.
 *
 * @param writeOne throws `invalid_record` for what is refused of this record
 * @throws ConnectorError where nothing was written and the reason is not one record's
 */
export async function writeEach(
  writes: readonly RecordWrite[],
  atOnce: number,
  writeOne: (write: RecordWrite) => Promise<Omit<WriteResult, "id">>,
): Promise<WriteResult[]> {
  let halt: ConnectorError | undefined;
  let failures = 0;
  const results = await inParallel(writes, atOnce, async (write): Promise<WriteResult> => {
    const { id } = write;
    if (halt !== undefined) return { id, outcome: "retry", reason: halt.message };
    try {
      return { id, ...(await writeOne(write)) };
    } catch (error) {
      if (!(error instanceof ConnectorError)) throw error;
      if (error.kind === "invalid_record") return { id, outcome: "rejected", reason: error.message };
      failures += 1;
      if (error.kind !== "transient" || failures >= OUTAGE_AFTER) halt ??= error;
      return { id, outcome: "retry", reason: error.message };
    }
  });
  if (halt !== undefined && !results.some(({ outcome }) => outcome === "written")) throw halt;
  return results;
}
