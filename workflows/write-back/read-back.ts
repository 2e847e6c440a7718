/** What became of records that were sent, as the vendor shows them afterwards. */
import type { OpenConnection, RecordRef } from "#connectors/core/contract.ts";
import type { Mapping } from "#profile/plan/fields.ts";
import { verifyReadBack } from "#profile/plan/read-back.ts";
import type { FieldValues, PlanChange } from "#profile/plan/types.ts";
import type { ChangeResult } from "#profile/store/plan/apply.ts";
import type { Sent } from "./apply.ts";

/** What became of each: a success counts when it can be read back. */
export async function verified(
  sent: readonly Sent[],
  connection: Pick<OpenConnection, "readLive">,
  mapping: Mapping,
): Promise<ChangeResult[]> {
  const toVerify = sent.filter(({ answer }) => answer?.outcome === "written");
  const readBack =
    toVerify.length === 0
      ? []
      : await connection.readLive(
          toVerify.map(({ change }) => refOf(change)),
          fieldsOf(toVerify.map(({ values }) => values)),
        );
  const liveOf = new Map(readBack.map((record) => [record.id, record]));
  return sent.map(({ change: { vendorId }, before, values, grant, answer }): ChangeResult => {
    const reason = answer?.reason ?? "The vendor gave no reason.";
    if (answer === undefined)
      return { vendorId, outcome: "retry", reason: "The vendor did not answer for this record." };
    if (answer.outcome === "retry") return { vendorId, outcome: "retry", reason };
    if (answer.outcome === "gone") return { vendorId, outcome: "gone", reason };
    if (answer.outcome === "rejected") return { vendorId, outcome: "failed", reason };
    const verdict = verifyReadBack(values, before, liveOf.get(vendorId), mapping);
    if (verdict.verdict === "failed") return { vendorId, outcome: "failed", reason: verdict.reason };
    return {
      vendorId,
      outcome: "applied",
      before,
      after: values,
      readBack: verdict.readBack,
      grantEntryIds: grant.entryIds,
    };
  });
}

export const refOf = ({ vendorId, createdAt }: Pick<PlanChange, "vendorId" | "createdAt">): RecordRef => ({
  id: vendorId,
  createdAt,
});

export const fieldsOf = (values: FieldValues[]): string[] => [...new Set(values.flatMap((one) => Object.keys(one)))];
