/**
 * Our fields as metadata of the customer: no definitions to make, one call per customer.
 *
 * Idempotency: Stripe stores the first answer under a key for 24 hours and replays it, a 500 included. Setting metadata to
 * fixed values has one effect however often it is done, so after a 5xx (fresh or replayed) the same write goes out
 * once more under a key derived from that answer's request id: a stored failure never blocks a record for a day. After a
 * lost connection the same key is right: if the write went through, the replay says so.
 */
import type { RecordWrite, WriteBack, WriteResult } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { freeFields } from "#connectors/core/free-fields.ts";
import { writeEach } from "#connectors/core/write-each.ts";
import type { StripeClient } from "./client.ts";
import {
  IDEMPOTENCY_KEY_MAX_LENGTH,
  METADATA_MAX_KEYS,
  METADATA_MAX_KEY_LENGTH,
  METADATA_MAX_VALUE_LENGTH,
  PARALLEL_CALLS,
  READ_SIZE,
} from "./limits.ts";
import { readLive } from "./read-live.ts";

export const customerWriteBack: WriteBack<StripeClient> = {
  stream: "customers",
  // One call each. The framework asks the ledger per batch, and again for a call that leaves half a second later.
  batchSize: 100,
  readSize: READ_SIZE,
  maxValueLength: METADATA_MAX_VALUE_LENGTH,
  ...freeFields(nameFlaw),
  readLive,
  write: writeCustomers,
};

/** What became of one record; `failed`: Stripe itself could not, which may pass. */
type Verdict = { outcome: WriteResult["outcome"]; reason?: string } | { outcome: "failed"; requestId: string };

async function writeCustomers(client: StripeClient, writes: RecordWrite[]): Promise<WriteResult[]> {
  return writeEach(writes, PARALLEL_CALLS, async (write) => {
    const flaw = flawOf(write);
    if (flaw !== null) return { outcome: "rejected", reason: flaw };
    const verdict = await writeOne(client, write);
    if (verdict.outcome !== "failed") return verdict;
    throw new ConnectorError("transient", "Stripe could not store the fields.", { vendorRequestId: verdict.requestId });
  });
}

async function writeOne(client: StripeClient, write: RecordWrite): Promise<Verdict> {
  const metadata = Object.fromEntries(Object.entries(write.values).map(([name, value]) => [name, value ?? ""]));
  const first = await attempt(client, write.id, metadata, write.idempotencyKey);
  if (first.outcome === "failed") {
    const derived = `${write.idempotencyKey.slice(0, IDEMPOTENCY_KEY_MAX_LENGTH - first.requestId.length - 1)}-${first.requestId}`;
    return attempt(client, write.id, metadata, derived);
  }
  if (first.outcome !== "rejected") return first;
  return { ...first, reason: await explain(client, write, first.reason) };
}

/** Throws only what concerns the whole account: quota, key, permission, connection. */
async function attempt(
  client: StripeClient,
  id: string,
  metadata: Record<string, string>,
  idempotencyKey: string,
): Promise<Verdict> {
  try {
    const stored = await client.mergeMetadata(id, metadata, idempotencyKey);
    if (stored === null) return { outcome: "gone" };
    const held = Object.entries(metadata).every(([name, value]) => (stored[name] ?? "") === value);
    return held
      ? { outcome: "written" }
      : { outcome: "retry", reason: "Stripe accepted the fields but did not store them." };
  } catch (error) {
    const verdict = error instanceof ConnectorError ? verdictOn(error) : undefined;
    if (verdict === undefined) throw error;
    return verdict;
  }
}

function verdictOn({ kind, message, details }: ConnectorError): Verdict | undefined {
  const { status = 0, vendorCode, vendorRequestId = "again" } = details;
  if (vendorCode === "idempotency_error") {
    return { outcome: "retry", reason: "Stripe has this idempotency key on file for other values; use a new key." };
  }
  if (vendorCode === "resource_missing") return { outcome: "gone" };
  if (kind === "contract" && status >= 400) {
    return { outcome: "rejected", reason: `Stripe refuses the fields (${vendorCode ?? "no code"}).` };
  }
  // A lock, or a conflict over one key: of this customer alone.
  if (kind === "transient" && status >= 400 && status < 500) return { outcome: "retry", reason: message };
  if (status >= 500) return { outcome: "failed", requestId: vendorRequestId };
  return undefined;
}

/** Stripe's code does not tell a full customer from another fault, so the keys are counted once it refused. */
async function explain(client: StripeClient, write: RecordWrite, reason: string | undefined): Promise<string> {
  const present = await client.metadata(write.id);
  const kept = Object.keys(present ?? {}).filter((name) => write.values[name] !== null);
  const added = Object.keys(write.values).filter((name) => write.values[name] !== null && !kept.includes(name));
  if (kept.length + added.length <= METADATA_MAX_KEYS) return reason ?? "Stripe refuses the fields.";
  return (
    `The customer holds ${kept.length} of ${METADATA_MAX_KEYS} possible metadata keys, too many for ${added.length} more. ` +
    "Remove some that are no longer used in the Stripe Dashboard."
  );
}

/** What Stripe would certainly refuse, found without asking. */
function flawOf(write: RecordWrite): string | null {
  for (const [name, value] of Object.entries(write.values)) {
    const flaw = nameFlaw(name);
    if (flaw !== null) return flaw;
    if ((value?.length ?? 0) > METADATA_MAX_VALUE_LENGTH) {
      return `The value of "${name}" is longer than the ${METADATA_MAX_VALUE_LENGTH} characters Stripe stores.`;
    }
  }
  return null;
}

function nameFlaw(name: string): string | null {
  if (name.length > METADATA_MAX_KEY_LENGTH) {
    return `The name "${name}" is longer than the ${METADATA_MAX_KEY_LENGTH} characters Stripe allows for a metadata key.`;
  }
  return /[[\]]/.test(name)
    ? `The name "${name}" has square brackets, which Stripe does not allow in a metadata key.`
    : null;
}
