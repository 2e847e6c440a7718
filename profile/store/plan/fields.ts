/**
 * The fields of a destination: which property holds what, and by whose rules. What is on in this list is all that is ever
 * written there; a change of it counts from the next vendor call on.
 */
import type { ConnectionId, PlanId } from "#profile/ids.ts";
import { FIELDS, OWN_NAMES, type Mapping } from "#profile/plan/fields.ts";
import { mappingOf } from "#profile/plan/mapping.ts";
import type { Ownership } from "#profile/plan/types.ts";
import { audit } from "../audit.ts";
import type { Transaction } from "../database.ts";
import { destinationFields, mappedFields } from "./columns.ts";
import { lockConnection } from "./rows.ts";

export interface DestinationField {
  /** The property's name in the tool. */
  field: string;
  /** The field of ours it shows, by our own name for it. */
  source: string;
  ownership: Ownership;
  /** Chosen for the property where we make it; null: ours. */
  label: string | null;
  /** The property is the tool's own: filled as it is, never made or changed. */
  existing: boolean;
  enabled: boolean;
  /** What we left in it is to be emptied. */
  clearing: boolean;
  /** The field goes elsewhere now. */
  retired: boolean;
}

/** A connection we write to, with the properties that are filled or emptied there. */
export interface Destination {
  connectionId: ConnectionId;
  connector: string;
  name: string;
  autoApplyShare: number | null;
  /** Goes up with each change of the fields. */
  fieldsRevision: number;
  fields: DestinationField[];
}

const FIELD_JSON = `json_build_object('field', f.field, 'source', coalesce(f.source, f.field), 'ownership', f.ownership,
  'label', f.label, 'existing', f.existing, 'enabled', f.enabled, 'clearing', f.clearing, 'retired', f.retired)`;

export async function destinations(transaction: Transaction): Promise<Destination[]> {
  const rows = await transaction.query<Omit<Destination, "fields"> & { fields: unknown }>(
    `SELECT c.connection_id AS "connectionId", c.connector, c.name, c.auto_apply_share AS "autoApplyShare",
       c.fields_revision AS "fieldsRevision",
       coalesce((SELECT json_agg(${FIELD_JSON} ORDER BY f.field) FROM destination_field f
         WHERE f.workspace_id = $1 AND f.connection_id = c.connection_id AND (f.enabled OR f.clearing)), '[]') AS fields
     FROM connection c WHERE c.workspace_id = $1 AND c.write_back AND c.status = 'ready' ORDER BY c.connector, c.name`,
    [transaction.workspaceId],
  );
  return rows.map((row) => ({ ...row, fields: destinationFields.parse(row.fields) }));
}

export async function destinationFieldsOf(
  transaction: Transaction,
  connectionId: ConnectionId,
): Promise<DestinationField[]> {
  const [row] = await transaction.query<{ fields: unknown }>(
    `SELECT coalesce(json_agg(${FIELD_JSON} ORDER BY f.field), '[]') AS fields FROM destination_field f
     WHERE f.workspace_id = $1 AND f.connection_id = $2`,
    [transaction.workspaceId, connectionId],
  );
  return destinationFields.parse(row?.fields ?? []);
}

export async function defineFields(
  transaction: Transaction,
  connectionId: ConnectionId,
  ownership: Ownership = "ours",
): Promise<void> {
  await transaction.query(
    `INSERT INTO destination_field (workspace_id, connection_id, field, trait, ownership)
     SELECT $1, $2, field, trait, $5 FROM unnest($3::text[], $4::text[]) AS t (field, trait)
     WHERE NOT EXISTS (SELECT FROM destination_field known WHERE known.workspace_id = $1 AND known.connection_id = $2
       AND coalesce(known.source, known.field) = t.field AND NOT known.retired)
     ON CONFLICT DO NOTHING`,
    [
      transaction.workspaceId,
      connectionId,
      FIELDS.map(({ definition }) => definition.name),
      FIELDS.map(({ trait }) => traitColumn(trait)),
      ownership,
    ],
  );
}

const traitColumn = (trait: { name: string } | null): string => trait?.name ?? "computed_at";

/** How a field is written from now on. */
export interface FieldChange extends Pick<DestinationField, "field" | "source" | "label" | "existing" | "enabled"> {
  ownership: Ownership;
  /** What we left in the property that it leaves, or that is switched off, is to be emptied where it is still ours. */
  clear: boolean;
}

/** The next plan compares every record, also those whose values were rejected or undone. */
export async function changeFields(
  transaction: Transaction,
  connectionId: ConnectionId,
  change: FieldChange,
  { actor, at }: { actor: string; at: string },
): Promise<void> {
  await lockConnection(transaction, connectionId);
  const { field, source, ownership, label, existing, enabled, clear } = change;
  const key = [transaction.workspaceId, connectionId, source, field];
  const [taken] = await transaction.query(
    `SELECT FROM destination_field WHERE workspace_id = $1 AND connection_id = $2 AND field = $4
       AND coalesce(source, field) <> $3 AND NOT retired`,
    key,
  );
  if (taken !== undefined) throw new Error(`${field} holds another field already.`);
  const left = await transaction.query<{ field: string }>(
    `SELECT field FROM destination_field WHERE workspace_id = $1 AND connection_id = $2 AND coalesce(source, field) = $3
       AND field <> $4 AND NOT retired`,
    key,
  );
  await transaction.query(
    clear
      ? `UPDATE destination_field SET enabled = false, clearing = true, retired = true
         WHERE workspace_id = $1 AND connection_id = $2 AND coalesce(source, field) = $3 AND field <> $4 AND NOT retired`
      : `DELETE FROM destination_field
         WHERE workspace_id = $1 AND connection_id = $2 AND coalesce(source, field) = $3 AND field <> $4 AND NOT retired`,
    key,
  );
  await transaction.query(
    `INSERT INTO destination_field
       (workspace_id, connection_id, source, field, trait, ownership, label, existing, enabled, clearing)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (workspace_id, connection_id, field) DO UPDATE SET source = excluded.source, trait = excluded.trait,
       ownership = excluded.ownership, label = excluded.label, existing = excluded.existing, enabled = excluded.enabled,
       clearing = excluded.clearing, retired = false`,
    [
      ...[...key, traitColumn(OWN_NAMES.get(source)?.trait ?? null), ownership],
      ...[label, existing, enabled, clear && !enabled],
    ],
  );
  await transaction.query(
    `UPDATE connection SET fields_revision = fields_revision + 1, planned_seq = 0
     WHERE workspace_id = $1 AND connection_id = $2`,
    [transaction.workspaceId, connectionId],
  );
  await audit(transaction, {
    ...{ actor, action: "fields.changed", subject: connectionId, at },
    details: { ...change, left: left.map((row) => row.field) },
  });
}

/** What each property of a plan shows, as it was when the plan was made. */
export async function mappingOfPlan(transaction: Transaction, planId: PlanId): Promise<Mapping> {
  const [row] = await transaction.query<{ fields: unknown }>(
    "SELECT fields FROM plan WHERE workspace_id = $1 AND plan_id = $2",
    [transaction.workspaceId, planId],
  );
  return row?.fields == null ? OWN_NAMES : mappingOf(mappedFields.parse(row.fields));
}

/** What an undo puts back was written by us under the fields of that time; a person asked for it. */
export async function isForCurrentFields(transaction: Transaction, planId: PlanId): Promise<boolean> {
  const [row] = await transaction.query<{ current: boolean }>(
    `SELECT p.kind = 'undo' OR p.fields_revision = c.fields_revision AS current
     FROM plan p JOIN connection c ON c.workspace_id = $1 AND c.connection_id = p.connection_id
     WHERE p.workspace_id = $1 AND p.plan_id = $2`,
    [transaction.workspaceId, planId],
  );
  return row?.current ?? false;
}
