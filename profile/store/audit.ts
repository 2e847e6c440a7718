/** Who did what: the one writer of the audit log. */
import type { Transaction } from "./database.ts";

export type AuditAction =
  | "plan.approve"
  | "plan.reject"
  | "plan.undo"
  | "plan.retry"
  | "plan.offer_again"
  | "fields.changed"
  | "connection.created"
  | "connection.changed"
  | "connection.status"
  | "consent.entered"
  | "consent.policy"
  | "consent.propagation"
  | "deletions.accepted"
  | "sensitive_facts.used"
  | "sensitive_facts.stopped"
  | "sensitive_columns.mapped"
  | "identity.same"
  | "identity.different"
  | "identity.model_approved"
  | "keys.rotated";

export interface AuditEntry {
  /** A person as the door they came through knows them, or the part of the product that acted by itself: `policy`, `sync`. */
  actor: string;
  action: AuditAction;
  /** The id of what it was done to. */
  subject: string;
  /** ISO 8601; left out: now. */
  at?: string;
  /** No secrets and nothing of a customer: settings are named, not quoted. */
  details?: Record<string, unknown>;
}

/** In the transaction of what is recorded, so that neither is without the other. */
export async function audit(
  transaction: Transaction,
  { actor, action, subject, at, details = {} }: AuditEntry,
): Promise<void> {
  await transaction.query(
    `INSERT INTO audit_log (workspace_id, actor, action, subject, at, details)
     VALUES ($1, $2, $3, $4, coalesce($5, now()), $6)`,
    [transaction.workspaceId, actor, action, subject, at ?? null, JSON.stringify(details)],
  );
}
