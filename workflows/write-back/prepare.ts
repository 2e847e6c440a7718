/** The properties of a destination, before anything is written into them. */
import type { FieldReport, OpenConnection } from "#connectors/core/contract.ts";
import { misfit } from "#profile/plan/fit.ts";
import { definitionOf } from "#profile/plan/mapping.ts";
import type { DestinationField } from "#profile/store/plan/fields.ts";

/**
 * Makes ours where they are missing. Of the tool's own it asks for the definition of this moment, which may not be the one
 * that was looked at when the property was chosen.
 *
 * @returns those that nothing may be written into, with the reason
 */
export async function prepared(
  connection: Pick<OpenConnection, "ensureFields" | "describeField">,
  fields: readonly DestinationField[],
): Promise<FieldReport[]> {
  const on = fields.filter(({ enabled }) => enabled);
  const reports = await connection.ensureFields(on.filter(({ existing }) => !existing).flatMap(definitionOf));
  const conflicts = reports.filter(({ outcome }) => outcome === "conflict");
  for (const field of on.filter(({ existing }) => existing)) {
    const reason = await obstacleTo(connection, field);
    if (reason !== null) conflicts.push({ name: field.field, outcome: "conflict", reason });
  }
  return conflicts;
}

async function obstacleTo(
  connection: Pick<OpenConnection, "describeField">,
  field: DestinationField,
): Promise<string | null> {
  const [definition] = definitionOf(field);
  const facts = await connection.describeField(field.field);
  if (facts.state === "absent")
    return `The tool has no property "${field.field}" any more. Restore it, or choose another with \`tributary fields set\`.`;
  if (facts.state === "refused") return facts.reason;
  return facts.state === "undefined" || definition === undefined ? null : misfit(definition, facts);
}
