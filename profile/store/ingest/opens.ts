/**
 * Opened messages are kept of people who agreed to be seen opening them, and of nobody else: of others the day of the last one
 * is kept, which tells whether an address still takes mail. No score looks at either.
 */
import { decide } from "#profile/consent/decide.ts";
import { effectiveConsent } from "#profile/consent/ledger.ts";
import type { RecordId } from "#profile/ids.ts";
import type { TouchpointRecord } from "#connectors/core/records.ts";
import { among, listed } from "../among.ts";
import { ENTRY, type EntryColumns, entryOf } from "../consent/entry-row.ts";
import { readBasis } from "../consent/sending.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { settingsOf } from "../workspace-settings.ts";
import type { Prepared } from "./tables.ts";

const OPENED = "email_opened";

const OPEN_TRACKING = { purpose: "open_tracking", channel: "email" } as const;

type Open = Prepared<TouchpointRecord>;

export const isOpen = ({ record }: Open): boolean => record.type === OPENED;

/**
 * Asks the ledger, which holds by then what the page says of consent; of the others it keeps their day.
 *
 * @param at ISO 8601
 * @returns those that may be stored
 */
export async function permittedOpens(transaction: Transaction, opens: readonly Open[], at: string): Promise<Open[]> {
  const agreed = await whoAgreed(transaction, new Set(opens.flatMap(({ people }) => people)), at);
  const isPermitted = ({ people: [person] }: Open) => person !== undefined && agreed.has(person);
  await keepDays(
    transaction,
    opens.filter((open) => !isPermitted(open)),
  );
  return opens.filter(isPermitted);
}

async function whoAgreed(transaction: Transaction, people: ReadonlySet<RecordId>, at: string): Promise<Set<RecordId>> {
  const ids = [...people];
  const basis = await readBasis(transaction, ids);
  const agreed = new Set<RecordId>();
  const strangers: RecordId[] = [];
  for (const id of ids) {
    const facts = basis.factsOf(id, at);
    if (facts === undefined) strangers.push(id);
    else if (!("refused" in decide(facts, [OPEN_TRACKING], at))) agreed.add(id);
  }
  // Nobody has looked yet at who they are: what their own record says is all there is.
  for (const [id, answers] of await ownAnswers(transaction, strangers, at)) {
    const facts = { profileId: id, answers, recipient: "anywhere" } as const;
    if (!("refused" in decide(facts, [OPEN_TRACKING], at))) agreed.add(id);
  }
  return agreed;
}

async function ownAnswers(transaction: Transaction, recordIds: readonly RecordId[], at: string) {
  if (recordIds.length === 0) return [];
  const { timeZone } = await settingsOf(transaction);
  const rows = await transaction.query<EntryColumns & { recordId: RecordId }>(
    `SELECT ${ENTRY} FROM consent_entry WHERE workspace_id = $1 AND record_id ${among("$2")}`,
    [transaction.workspaceId, listed(recordIds)],
  );
  return [...Map.groupBy(rows, ({ recordId }) => recordId)].map(
    ([id, said]) => [id, effectiveConsent(said.map(entryOf), at, { timeZone })] as const,
  );
}

interface LastOpen {
  person: RecordId;
  day: string;
}

const insertDays = insertInto<LastOpen>({
  table: "last_open",
  columns: {
    person_record_id: { type: "uuid", of: ({ person }) => person },
    day: { type: "text", cast: "date", merged: "greatest(stored.day, excluded.day)", of: ({ day }) => day },
  },
  key: ["person_record_id"],
  onConflict: "update",
});

async function keepDays(transaction: Transaction, opens: readonly Open[]): Promise<void> {
  const days = new Map<RecordId, string>();
  for (const {
    people: [person],
    record,
  } of opens) {
    const day = record.at.slice(0, 10);
    if (person !== undefined && day > (days.get(person) ?? "")) days.set(person, day);
  }
  await insertDays(
    transaction,
    [...days].map(([person, day]) => ({ person, day })),
  );
}

/**
 * Takes away opens of people who do not agree, or not any more; their last day stays.
 *
 * @returns how many; fewer than the limit: that was all
 */
export async function forgetOpens(transaction: Transaction, limit: number): Promise<number> {
  const gone = await transaction.query<{ person: RecordId | null; day: string }>(
    `DELETE FROM touchpoint WHERE workspace_id = $1 AND record_id = ANY (ARRAY(
       SELECT opened.record_id FROM touchpoint opened
       WHERE opened.workspace_id = $1 AND opened.type = '${OPENED}' AND NOT EXISTS (
         SELECT FROM membership JOIN consent_state USING (workspace_id, profile_id)
         WHERE workspace_id = $1 AND membership.record_id = opened.person_record_id
           AND channel = 'email' AND purpose = 'open_tracking' AND state = 'granted')
       LIMIT $2))
     RETURNING person_record_id AS person, (at AT TIME ZONE 'UTC')::date::text AS day`,
    [transaction.workspaceId, limit],
  );
  const days = new Map<RecordId, string>();
  for (const { person, day } of gone) if (person !== null && day > (days.get(person) ?? "")) days.set(person, day);
  await insertDays(
    transaction,
    [...days].map(([person, day]) => ({ person, day })),
  );
  return gone.length;
}
