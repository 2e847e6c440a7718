/** The consent ledger for whoever asks or adds to it by hand: the command line, the console, a form's own server. */
import { randomBytes } from "node:crypto";
import type { Use } from "#connectors/core/grant.ts";
import { confirmsBy, lapsesAt, TOKEN_BYTES, tokenHash, tokenOf } from "#profile/consent/double-opt-in.ts";
import { explain, type Explained, type Recipient } from "#profile/consent/decide.ts";
import { effectiveConsent } from "#profile/consent/ledger.ts";
import { signalled, type Signals } from "#profile/consent/signals.ts";
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { audit } from "../audit.ts";
import type { Database, Transaction } from "../database.ts";
import { forgetOpens } from "../ingest/opens.ts";
import { type ConsentPolicy, consentPolicy, settingsOf } from "../workspace-settings.ts";
import { type DriftPage, driftPage } from "./drift.ts";
import { entriesFor } from "./entries.ts";
import { type Entered, enterStatements, type OwnStatement } from "./enter.ts";
import { enterEnded } from "./ended.ts";
import { type OptOutCursor, type OptOutPage, optOutPage } from "./opt-outs.ts";

export interface Question extends Use {
  profileId: ProfileId;
  /** The one that would be written to; left out: any of theirs. */
  address?: string;
}

/** What was asked of an address, for the message that asks it. */
export interface DoubleOptIn {
  address: string;
  channel: "email" | "sms";
  purpose: Use["purpose"];
  /** Which words the person saw: the version of a form. */
  wording: string;
}

export function createConsentLedger(database: Database) {
  const within = database.inWorkspace.bind(database);
  return {
    /** Whether something may be done, why, and the entries that say so, by the ledger as it stands at `at` (ISO 8601). */
    allowed: (workspaceId: WorkspaceId, question: Question, at: string): Promise<Explained> =>
      within(workspaceId, (transaction) => allowed(transaction, question, at)),

    /**
     * Adds what no tool said; what is held already makes no entry.
     *
     * @param by who did it, for the audit log
     */
    enter: (workspaceId: WorkspaceId, statements: readonly OwnStatement[], by: string): Promise<Entered> =>
      within(workspaceId, async (transaction) => {
        const entered = await enterStatements(transaction, statements);
        if (entered.entered > 0)
          await audit(transaction, {
            ...{ actor: by, action: "consent.entered", subject: workspaceId },
            details: { entries: entered.entered },
          });
        return entered;
      }),

    /**
     * Notes what the browser of a known person says: by a record of theirs. A signal that comes with every page is one entry;
     * that it is no longer sent says nothing.
     */
    signal: (workspaceId: WorkspaceId, recordId: RecordId, signals: Signals, at: string): Promise<Entered> =>
      within(workspaceId, (transaction) =>
        enterStatements(
          transaction,
          signalled(signals).map((one) => ({
            ...one,
            ...{ address: null, recordId, effectiveAt: one.state === "granted" ? at : null },
          })),
        ),
      ),

    optOuts: (workspaceId: WorkspaceId, options: { after: OptOutCursor; limit: number }): Promise<OptOutPage> =>
      within(workspaceId, (transaction) => optOutPage(transaction, options.after, options.limit)),

    drift: (
      workspaceId: WorkspaceId,
      options: { after: ProfileId | null; limit: number; at: string },
    ): Promise<DriftPage> => within(workspaceId, (transaction) => driftPage(transaction, options)),

    policy: (workspaceId: WorkspaceId): Promise<ConsentPolicy> =>
      within(workspaceId, async (transaction) => (await settingsOf(transaction)).consentPolicy),

    /** Everybody's answers are worked out anew by the next refresh; sending obeys at once. */
    setPolicy: (workspaceId: WorkspaceId, change: Partial<ConsentPolicy>, by: string): Promise<ConsentPolicy> =>
      within(workspaceId, (transaction) => setPolicy(transaction, change, by)),

    /**
     * Notes a question that waits for the person's own confirmation. The token goes into the message and is kept nowhere.
     *
     * @returns null: the address cannot be read
     */
    ask: (workspaceId: WorkspaceId, question: DoubleOptIn, at: string): Promise<{ token: string } | null> =>
      within(workspaceId, (transaction) => ask(transaction, question, at)),

    /** The person's answer: only a form that was sent counts, since scanners open links. */
    confirm: (
      workspaceId: WorkspaceId,
      answer: { token: string; method: string },
      at: string,
    ): Promise<"confirmed" | "unknown" | "expired" | "not_sent"> =>
      within(workspaceId, (transaction) => confirm(transaction, answer, at)),

    /** Takes away who opened what, of people who do not agree to it (any more), up to `limit`. */
    forgetOpens: (workspaceId: WorkspaceId, limit: number): Promise<number> =>
      within(workspaceId, (transaction) => forgetOpens(transaction, limit)),

    /** Enters what has ended by itself since the last time, up to `limit` entries: a yes of people nobody heard of included. */
    enterEnded: (workspaceId: WorkspaceId, options: { at: string; limit: number }) =>
      within(workspaceId, (transaction) => enterEnded(transaction, options)),
  };
}

export type ConsentLedger = ReturnType<typeof createConsentLedger>;

async function allowed(transaction: Transaction, question: Question, at: string): Promise<Explained> {
  const { profileId, address, channel, purpose } = question;
  const { timeZone, consentPolicy: policy } = await settingsOf(transaction);
  const { entries, lawOf } = await entriesFor(transaction, [profileId], { policy });
  const law = lawOf(profileId);
  const answers = effectiveConsent(entries.get(profileId) ?? [], at, { timeZone, law });
  const recipient: Recipient = address === undefined ? "anywhere" : { email: address, phone: address };
  return explain({ answers, recipient }, { channel, purpose }, at);
}

async function setPolicy(transaction: Transaction, change: Partial<ConsentPolicy>, by: string): Promise<ConsentPolicy> {
  const { workspaceId } = transaction;
  const before = (await settingsOf(transaction)).consentPolicy;
  const after = consentPolicy.parse({ ...before, ...change });
  await transaction.query("UPDATE workspace SET consent_policy = $2 WHERE workspace_id = $1", [
    workspaceId,
    JSON.stringify(after),
  ]);
  // Rare, and everybody's: the law of each may be another now.
  await transaction.query("UPDATE profile SET touched_seq = nextval('change_seq') WHERE workspace_id = $1", [
    workspaceId,
  ]);
  await audit(transaction, { actor: by, action: "consent.policy", subject: workspaceId, details: { before, after } });
  return after;
}

async function ask(
  transaction: Transaction,
  { address, channel, purpose, wording }: DoubleOptIn,
  at: string,
): Promise<{ token: string } | null> {
  const expiresAt = lapsesAt(at);
  const { token, hash } = tokenOf(randomBytes(TOKEN_BYTES));
  const proof = `Asked by form ${wording}`;
  const { unreadable } = await enterStatements(transaction, [
    { address, channel, purpose, state: "pending", effectiveAt: at, expiresAt, proof },
  ]);
  if (unreadable.length > 0) return null;
  await transaction.query(
    `INSERT INTO consent_confirmation (workspace_id, token_hash, address, channel, purpose, wording, asked_at, expires_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [transaction.workspaceId, hash, address, channel, purpose, wording, at, expiresAt],
  );
  return { token };
}

async function confirm(
  transaction: Transaction,
  { token, method }: { token: string; method: string },
  at: string,
): Promise<"confirmed" | "unknown" | "expired" | "not_sent"> {
  if (!confirmsBy(method)) return "not_sent";
  type Asked = Pick<DoubleOptIn, "address" | "channel" | "purpose" | "wording"> & {
    expires_at: Date;
    confirmed_at: Date | null;
  };
  const [asked] = await transaction.query<Asked>(
    `SELECT address, channel, purpose, wording, expires_at, confirmed_at FROM consent_confirmation
     WHERE workspace_id = $1 AND token_hash = $2 FOR UPDATE`,
    [transaction.workspaceId, tokenHash(token)],
  );
  if (asked === undefined) return "unknown";
  // A second answer says nothing new: who withdrew meanwhile has not said yes by it.
  if (asked.confirmed_at !== null) return "confirmed";
  if (asked.expires_at.getTime() <= Date.parse(at)) return "expired";
  const { address, channel, purpose, wording } = asked;
  await enterStatements(transaction, [
    {
      ...{ address, channel, purpose, state: "granted", effectiveAt: at, explicit: true, basis: "opt_in" },
      ...{ cause: "double_opt_in", proof: `form ${wording} (double opt-in)` },
    },
  ]);
  await transaction.query(
    "UPDATE consent_confirmation SET confirmed_at = $3 WHERE workspace_id = $1 AND token_hash = $2",
    [transaction.workspaceId, tokenHash(token), at],
  );
  return "confirmed";
}
