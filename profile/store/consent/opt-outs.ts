/** Opt-outs as a list that can be taken elsewhere: everybody's who said no, and addresses that nobody holds any more. */
import type { ConsentCause } from "#connectors/core/records.ts";
import { addressIdOf, holdingValueIds, readAddress } from "#profile/consent/address.ts";
import { isSuppression } from "#profile/consent/ledger.ts";
import type { ProfileId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { defaultCountryOf } from "../workspace-settings.ts";

export interface OptOut {
  address: string;
  channel: string;
  purpose: string;
  state: string;
  /** ISO 8601; null: no source says. */
  since: string | null;
  /** `hard_bounce`, `complaint`, `suppressed`: of the address itself. */
  cause: ConsentCause | null;
  reason: string;
}

export interface OptOutPage {
  optOuts: OptOut[];
  /** Null: that was all. */
  next: OptOutCursor | null;
}

/** People first, then addresses. */
export type OptOutCursor = { people: string | null } | { addresses: string };

const FIRST_ADDRESS = "00000000-0000-0000-0000-000000000000";

export async function optOutPage(transaction: Transaction, cursor: OptOutCursor, limit: number): Promise<OptOutPage> {
  return "people" in cursor
    ? ofPeople(transaction, cursor.people, limit)
    : ofAddresses(transaction, cursor.addresses, limit);
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  email: ["email"],
  sms: ["phone"],
  call: ["phone"],
  any: ["email", "phone"],
};

/** A person's no holds for every address they have. */
async function ofPeople(transaction: Transaction, after: string | null, limit: number): Promise<OptOutPage> {
  type Row = {
    profileId: ProfileId;
    channel: string;
    purpose: string;
    state: string;
    since: Date | null;
    reason: string;
  };
  const profiles = await transaction.query<{ profile_id: ProfileId }>(
    `SELECT profile_id FROM profile WHERE workspace_id = $1 AND ($2::uuid IS NULL OR profile_id > $2)
     ORDER BY profile_id LIMIT $3`,
    [transaction.workspaceId, after, limit],
  );
  const last = profiles.at(-1)?.profile_id;
  if (last === undefined) return { optOuts: [], next: { addresses: FIRST_ADDRESS } };
  const answers = await transaction.query<Row>(
    `SELECT profile_id AS "profileId", channel, purpose, state, effective_at AS since, reason FROM consent_state
     WHERE workspace_id = $1 AND profile_id ${among("$2")} AND state IN ('denied', 'withdrawn')
       AND channel IN ('email', 'sms', 'call', 'any') ORDER BY profile_id, channel, purpose`,
    [transaction.workspaceId, listed(profiles.map((row) => row.profile_id))],
  );
  const held = await transaction.query<{ profile_id: ProfileId; kind: string; value: string }>(
    `SELECT DISTINCT profile_id, kind, value FROM membership JOIN identifier USING (workspace_id, record_id)
     WHERE workspace_id = $1 AND profile_id ${among("$2")} AND kind IN ('email', 'phone') AND current`,
    [transaction.workspaceId, listed(new Set(answers.map(({ profileId }) => profileId)))],
  );
  const addresses = Map.groupBy(held, (row) => row.profile_id);
  const optOuts = answers.flatMap(({ profileId, since, ...answer }) =>
    (addresses.get(profileId) ?? [])
      .filter(({ kind }) => KINDS[answer.channel]?.includes(kind) === true)
      .map(({ value }): OptOut => ({
        ...{ address: value, cause: null, since: since?.toISOString() ?? null },
        ...answer,
      })),
  );
  return { optOuts, next: { people: last } };
}

/** Of what was said of an address, that which no answer of a person has weighed, and what is known of the address itself. */
async function ofAddresses(transaction: Transaction, after: string, limit: number): Promise<OptOutPage> {
  type Row = Omit<OptOut, "since" | "reason"> & { addressId: string; since: Date; recordedAt: Date; proof: string };
  const ids = await transaction.query<{ address_id: string }>(
    `SELECT DISTINCT address_id FROM consent_entry
     WHERE workspace_id = $1 AND address_id > $2 AND address_id IS NOT NULL AND state IN ('denied', 'withdrawn')
     ORDER BY address_id LIMIT $3`,
    [transaction.workspaceId, after, limit],
  );
  const last = ids.at(-1)?.address_id;
  if (last === undefined) return { optOuts: [], next: null };
  const rows = await transaction.query<Row>(
    `SELECT DISTINCT ON (address_id, channel, purpose, cause) address_id AS "addressId", address, channel, purpose, state, cause,
       proof, least(coalesce(effective_at, recorded_at), recorded_at) AS since, recorded_at AS "recordedAt"
     FROM consent_entry
     WHERE workspace_id = $1 AND address_id IS NOT NULL AND address_id ${among("$2")} AND state IN ('denied', 'withdrawn')
     ORDER BY address_id, channel, purpose, cause, recorded_at DESC`,
    [transaction.workspaceId, listed(ids.map((row) => row.address_id))],
  );
  const country = await defaultCountryOf(transaction);
  const places = new Map(
    rows.map(({ addressId, address }) => {
      const read = readAddress(address, country);
      return [addressId, read !== null && addressIdOf(read) === addressId ? holdingValueIds(read) : []];
    }),
  );
  const known = await transaction.query<{ value_id: string }>(
    `SELECT DISTINCT value_id FROM identifier WHERE workspace_id = $1 AND value_id ${among("$2")} AND current`,
    [transaction.workspaceId, listed([...places.values()].flat())],
  );
  const held = new Set(known.map((row) => row.value_id));
  const isHeld = (addressId: string) => (places.get(addressId) ?? []).some((valueId) => held.has(valueId));
  const releases = rows.filter(({ cause }) => cause === "released");
  // As `suppressionsIn` of the ledger: an address that was released and bounced anew is suppressed.
  const isReleased = (row: Row) =>
    releases.some(
      ({ addressId, channel, recordedAt }) =>
        addressId === row.addressId && channel === row.channel && recordedAt > row.recordedAt,
    );
  const optOuts = rows.flatMap((listing): OptOut[] => {
    const { addressId, since, recordedAt: _, proof, ...row } = listing;
    if (row.cause === "released") return [];
    if (isSuppression(row.cause) ? isReleased(listing) : isHeld(addressId)) return [];
    return [{ ...row, since: since.toISOString(), reason: proof }];
  });
  return { optOuts, next: { addresses: last } };
}
