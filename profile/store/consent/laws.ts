/** Under whose law people are: every country that something of theirs points to, and of these the strictest. */
import { countryOfNumber, type Law, lawOf, type LawPolicy, STRICTEST_LAW } from "#profile/consent/law.ts";
import type { ConsentEntry } from "#profile/consent/ledger.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";

/** Looks nobody up whose law makes no difference: unless the admin chose otherwise, that is everybody without an implied consent. */
export async function lawsOf(
  transaction: Transaction,
  {
    members,
    entries,
    policy,
  }: {
    members: ReadonlyMap<RecordId, ProfileId>;
    entries: ReadonlyMap<ProfileId, readonly ConsentEntry[]>;
    policy: LawPolicy;
  },
): Promise<(profile: ProfileId) => Law> {
  const all = policy.optOutRules || policy.strictProof;
  const isMeant = (profile: ProfileId): boolean =>
    all || (entries.get(profile) ?? []).some(({ basis }) => basis === "implied");
  const asked = new Map([...members].filter(([, profile]) => isMeant(profile)));
  const jurisdictions = new Map<ProfileId, Set<string>>();
  const note = (profile: ProfileId | undefined, jurisdiction: string | null | undefined) => {
    if (profile === undefined || jurisdiction == null) return;
    const known = jurisdictions.get(profile);
    if (known === undefined) jurisdictions.set(profile, new Set([jurisdiction]));
    else known.add(jurisdiction);
  };
  for (const { recordId, country } of await countriesOf(transaction, asked)) note(asked.get(recordId), country);
  for (const { recordId, number } of await numbersOf(transaction, asked))
    note(asked.get(recordId), countryOfNumber(number));
  for (const profile of new Set(asked.values()))
    for (const { jurisdiction } of entries.get(profile) ?? []) note(profile, jurisdiction);
  return (profile) => (isMeant(profile) ? lawOf(jurisdictions.get(profile) ?? [], policy) : STRICTEST_LAW);
}

async function countriesOf(
  transaction: Transaction,
  members: ReadonlyMap<RecordId, ProfileId>,
): Promise<{ recordId: RecordId; country: string | null }[]> {
  if (members.size === 0) return [];
  return transaction.query(
    `SELECT record_id AS "recordId", data->>'country' AS country
     FROM source_record JOIN source_content USING (workspace_id, record_id, hash)
     WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(members.keys())],
  );
}

async function numbersOf(
  transaction: Transaction,
  members: ReadonlyMap<RecordId, ProfileId>,
): Promise<{ recordId: RecordId; number: string }[]> {
  if (members.size === 0) return [];
  return transaction.query(
    `SELECT record_id AS "recordId", value AS number FROM identifier
     WHERE workspace_id = $1 AND record_id ${among("$2")} AND kind = 'phone' AND current`,
    [transaction.workspaceId, listed(members.keys())],
  );
}
