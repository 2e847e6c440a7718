/** What identity knows of people's records now: their addresses, and where they live. */
import { type HeldAddress, heldAddressId } from "#profile/consent/address.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { Holding } from "./refused-addresses.ts";

/** Profiles by the id of a household that a record of theirs names. */
export type Homes = Map<string, Set<ProfileId>>;

type Row = { recordId: RecordId } & (HeldAddress | { kind: "household"; valueId: string });

export async function heldBy(
  transaction: Transaction,
  members: ReadonlyMap<RecordId, ProfileId>,
): Promise<{ holdings: Holding[]; homes: Homes }> {
  const holdings: Holding[] = [];
  const homes: Homes = new Map();
  if (members.size === 0) return { holdings, homes };
  const rows = await transaction.query<Row>(
    `SELECT record_id AS "recordId", kind, value_id AS "valueId",
       CASE kind WHEN 'email_canonical' THEN value ELSE '' END AS value
     FROM identifier WHERE workspace_id = $1 AND record_id ${among("$2")}
       AND kind IN ('email', 'email_canonical', 'phone', 'household') AND current`,
    [transaction.workspaceId, listed(members.keys())],
  );
  for (const { recordId, ...held } of rows) {
    const profileId = members.get(recordId);
    if (profileId === undefined) continue;
    if (held.kind !== "household") {
      holdings.push({ profileId, addressId: heldAddressId(held) });
      continue;
    }
    const known = homes.get(held.valueId);
    if (known === undefined) homes.set(held.valueId, new Set([profileId]));
    else known.add(profileId);
  }
  return { holdings, homes };
}
