/**
 * Which property of a tool holds what: what an admin chooses, checked against the tool as it is at that moment. Nothing here
 * writes into a tool; the next plan does, once it is approved.
 */
import type { FieldFacts } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { connectorOf } from "#connectors/registry.ts";
import { FIELDS, OWN_NAMES, type PlannedField } from "#profile/plan/fields.ts";
import { misfit, nameObstacle } from "#profile/plan/fit.ts";
import { definitionOf, fieldNamed, shortName } from "#profile/plan/mapping.ts";
import { OWNERSHIPS, type Ownership } from "#profile/plan/types.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { DestinationField, FieldChange } from "#profile/store/plan/fields.ts";
import { openStored } from "#workflows/open-connection.ts";
import { connectable, refusalOf, type ConnectionDependencies } from "./connections.ts";
import { Refusal } from "./refusal.ts";

const PATIENCE_MS = 60_000;

export interface Choice {
  property?: string;
  label?: string;
  ownership?: string;
  /** Empty what we left in a property that is given up. */
  clear?: boolean;
}

export interface Changed {
  before: DestinationField;
  after: DestinationField;
  /** What is to be known of it before the next plan is approved. */
  remarks: string[];
}

/** The fields of a connection in our order, and after them the properties that are to be emptied. */
export async function fieldsOf(
  deps: Pick<ConnectionDependencies, "plans">,
  { workspaceId, connectionId }: Connection,
): Promise<DestinationField[]> {
  const places = new Map([...OWN_NAMES.keys()].map((name, place) => [name, place]));
  const placeOf = ({ source, retired }: DestinationField) =>
    (places.get(source) ?? places.size) + (retired ? FIELDS.length + 1 : 0);
  return (await deps.plans.fields(workspaceId, connectionId)).toSorted((a, b) => placeOf(a) - placeOf(b));
}

/**
 * Chooses the property, label or ownership of a field, and switches it on.
 *
 * @throws Refusal when the tool has a property of that name that cannot or must not hold it, or cannot be asked
 */
export async function setField(
  deps: ConnectionDependencies,
  connection: Connection,
  name: string,
  { property, label, ownership, clear = false }: Choice,
  actor: string,
): Promise<Changed> {
  if (property === undefined && label === undefined && ownership === undefined)
    throw new Refusal("Nothing to change: give --property, --label or --ownership.", "words");
  const before = await known(deps, connection, name);
  const field = property ?? before.field;
  const moves = field !== before.field;
  if (clear && !moves) throw new Refusal("--clear empties the property that a field leaves: add --property.", "words");
  if (label !== undefined && (label.trim() === "" || label.length > 100))
    throw new Refusal("A label has 1 to 100 characters.", "words");
  const others = await deps.plans.fields(connection.workspaceId, connection.connectionId);
  const holder = others.find((each) => each.field === field && each.source !== before.source && !each.retired);
  if (holder !== undefined)
    throw new Refusal(
      `"${field}" is the property of ${shortName(holder.source)}: one property holds one field. Move that one first, or choose another property.`,
      "state",
    );
  const facts = await described(deps, connection, field);
  const existing = checked(planned(before.source), connection, field, facts);
  if (existing && label !== undefined)
    throw new Refusal(
      `${titleOf(connection)} has "${field}" already, under a label of its own, which is left as it is: leave out --label.`,
      "words",
    );
  // Somebody may use a property that was there before us: what it holds is theirs until told otherwise.
  const gentle = existing || (facts.state === "undefined" && field !== before.source);
  const kept: Ownership = moves && gentle ? "until-edited" : before.ownership;
  const after: FieldChange = {
    ...{ field, source: before.source, existing, enabled: true, clear },
    label: existing ? null : (label ?? (moves ? null : before.label)),
    ownership: ownership === undefined ? kept : checkedOwnership(ownership),
  };
  return keep(deps, connection, before, after, actor);
}

/** Writes a field again, or no more. */
export async function switchField(
  deps: ConnectionDependencies,
  connection: Connection,
  name: string,
  { on, clear = false }: { on: boolean; clear?: boolean },
  actor: string,
): Promise<Changed> {
  const before = await known(deps, connection, name);
  if (before.enabled === on && !clear)
    throw new Refusal(`${shortName(before.source)} is ${on ? "on" : "off"} already.`, "state");
  if (on) checked(planned(before.source), connection, before.field, await described(deps, connection, before.field));
  const { field, source, label, existing, ownership } = before;
  return keep(deps, connection, before, { field, source, label, existing, ownership, enabled: on, clear }, actor);
}

/** Back to a property of our own, under our name and always ours. */
export async function resetField(
  deps: ConnectionDependencies,
  connection: Connection,
  name: string,
  { clear = false }: Pick<Choice, "clear">,
  actor: string,
): Promise<Changed> {
  const before = await known(deps, connection, name);
  const { source } = before;
  if (clear && before.field === source)
    throw new Refusal(`${shortName(source)} is in its own property already: there is nothing to empty.`, "words");
  const after: FieldChange = {
    ...{ field: source, source, label: null, existing: false, ownership: "ours", enabled: true, clear },
  };
  return keep(deps, connection, before, after, actor);
}

async function known(deps: ConnectionDependencies, connection: Connection, name: string): Promise<DestinationField> {
  const field = fieldNamed(name);
  const names = FIELDS.map(({ definition }) => shortName(definition.name)).join(", ");
  if (field === undefined) throw new Refusal(`There is no such field; there are: ${names}.`, "missing");
  if (connectorOf(connection.connector).writeBack === undefined)
    throw new Refusal(`Nothing is written into ${titleOf(connection)}.`, "state");
  const { workspaceId, connectionId } = connection;
  await deps.plans.defineFields(workspaceId, connectionId);
  const current = (await deps.plans.fields(workspaceId, connectionId)).find(
    ({ source, retired }) => source === field.definition.name && !retired,
  );
  if (current === undefined) throw new Error(`${name} has no row in the list of fields.`);
  return current;
}

function planned(source: string): PlannedField {
  const field = OWN_NAMES.get(source);
  if (field === undefined) throw new Error(`There is no field ${source}.`);
  return field;
}

/** Unsure is not written: a tool that cannot be asked is an obstacle. */
async function described(deps: ConnectionDependencies, connection: Connection, property: string): Promise<FieldFacts> {
  const obstacle = nameObstacle(property);
  if (obstacle !== null) throw new Refusal(obstacle, "words");
  const { workspaceId, connectionId, name, status } = connection;
  const connector = connectable(connection.connector);
  if (status === "disconnected")
    throw new Refusal(`"${name}" is disconnected, so ${connector.title} cannot be asked for its properties.`, "state");
  const stored = await deps.credentials.read(workspaceId, connectionId);
  try {
    const opened = await openStored(deps, connection, stored, AbortSignal.timeout(PATIENCE_MS));
    return await opened.connection.describeField(property);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    throw refusalOf(error, connector, connection.baseUrl);
  }
}

/** @returns whether the property is the tool's own */
function checked(field: PlannedField, connection: Connection, property: string, facts: FieldFacts): boolean {
  if (facts.state === "refused") throw new Refusal(facts.reason, "words");
  if (facts.state !== "present") return false;
  const [definition = field.definition] = definitionOf({ field: property, source: field.definition.name, label: null });
  // Options that ours lacks are added when it is prepared.
  const reason = misfit(facts.ours ? { ...definition, options: [] } : definition, facts);
  if (reason !== null) throw new Refusal(`${titleOf(connection)}: ${reason}`, "words");
  return !facts.ours;
}

function checkedOwnership(given: string): Ownership {
  const found = OWNERSHIPS.find((each) => each === given);
  if (found === undefined)
    throw new Refusal(`There is no ownership "${given}"; there are: ${OWNERSHIPS.join(", ")}.`, "words");
  return found;
}

async function keep(
  deps: ConnectionDependencies,
  connection: Connection,
  before: DestinationField,
  change: FieldChange,
  actor: string,
): Promise<Changed> {
  const { workspaceId, connectionId } = connection;
  const at = new Date(deps.now()).toISOString();
  await deps.plans.changeFields(workspaceId, connectionId, change, { actor, at });
  const { clear, ...kept } = change;
  const after = { ...kept, clearing: clear && !change.enabled, retired: false };
  return { before, after, remarks: remarksOn(connection, before, change) };
}

function remarksOn(connection: Connection, before: DestinationField, change: FieldChange): string[] {
  const title = titleOf(connection);
  const remarks: string[] = [];
  const left = change.enabled ? before.field !== change.field : true;
  if (left)
    remarks.push(
      change.clear
        ? `What Tributary left in "${before.field}" is emptied by the next plan, where nobody edited it since.`
        : `What "${before.field}" holds now stays there.`,
    );
  if (change.enabled && change.existing)
    remarks.push(
      `"${change.field}" is a property that ${title} has already: it is filled as it is, never made or changed.`,
    );
  if (change.enabled && change.existing && change.ownership === "ours")
    remarks.push(`Whatever "${change.field}" holds now is written over; undoing the plan puts it back.`);
  remarks.push(
    `The next run compares every record of "${connection.name}" again, and its plan waits for approval. A plan made before this change is not sent any further.`,
  );
  return remarks;
}

const titleOf = ({ connector }: Connection): string => connectorOf(connector).title;
