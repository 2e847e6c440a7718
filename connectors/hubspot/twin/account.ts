/** One HubSpot account: its records, its properties, and what can happen to them. */
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults } from "#connectors/core/twin/faults.ts";
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Row, Table, View } from "#connectors/core/twin/table.ts";
import { builtInProperties, modifiedProperty, movesBackwards } from "./properties.ts";
import type { PropertyRow } from "./properties.ts";
import type { HubspotSeed, HubspotSeedContact, HubspotSeedRecord } from "./seed.ts";

export const OBJECT_TYPES = ["contacts", "companies", "deals"] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];
export type Values = Record<string, string | null>;
export type SubscriptionStatus = NonNullable<HubspotSeedContact["subscriptions"]>[number];

/** What only HubSpot does. */
export interface HubspotFaults extends Faults {
  /** Rows one search query can page through. HubSpot's own figure is 10,000; lower it for fast tests. */
  searchCap: number;
  /** Writes to these properties are answered as done and change nothing. */
  silentProperties: Set<string>;
  /** A batch holding one of these ids is refused as a whole with 400, not saying which record is at fault. */
  poisonIds: Set<string>;
  /** A batch holding an id that is gone is refused as a whole with 404, as some of HubSpot's objects do. */
  wholeBatch404: boolean;
}

export interface ObjectRow extends Row {
  number: number;
  properties: Values;
  createdAt: number;
  modifiedAt: number;
  archivedAt: number | null;
  mergedInto: string | null;
  contactIds: string[];
  statuses: SubscriptionStatus[];
  /** When `hs_email_optout` last changed. */
  optoutAt: number | null;
  /** Deleted for privacy: HubSpot knows nothing of it any more. */
  forgotten?: true;
}

/** What happened to a record, in the words of a webhook subscription. */
export interface Happening {
  type: ObjectType;
  id: string;
  what: "creation" | "propertyChange" | "deletion" | "restore" | "merge" | "privacyDeletion" | "associationChange";
  more?: Record<string, unknown>;
}

interface Named extends Row {
  label: string;
}
export interface GroupRow extends Named {
  displayOrder: number;
}

/** The records of one type, and the orders HubSpot reads them in. */
export interface ObjectStore {
  type: ObjectType;
  table: Table<ObjectRow>;
  live: View<ObjectRow>;
  archived: View<ObjectRow>;
  /** As search sees the live ones: by last change, equal times in no useful order. */
  search: View<ObjectRow>;
}

export class HubspotAccount extends TwinAccount<HubspotFaults> {
  readonly stores: Record<ObjectType, ObjectStore>;
  /** Property definitions by `<object type>.<name>`. */
  readonly properties = this.table<PropertyRow>("properties");
  readonly groups = this.table<GroupRow>("groups");
  /** Subscription types the account has, by id. */
  readonly subscriptionTypes = this.table<Named>("subscriptionTypes");
  readonly contactsByEmail: (email: string) => ObjectRow[];
  /** Told of what happens as it happens. */
  onHappening: ((happening: Happening) => void) | null = null;
  /** Losers of the seed whose winners are still to be loaded. */
  readonly #merged = new Map<string, string>();

  constructor(clock?: () => number) {
    super(
      { ...noFaults(), searchCap: 10_000, silentProperties: new Set(), poisonIds: new Set(), wholeBatch404: false },
      clock,
    );
    this.stores = {
      contacts: this.#store("contacts"),
      companies: this.#store("companies"),
      deals: this.#store("deals"),
    };
    this.contactsByEmail = this.stores.contacts.table.index(addressesOf);
    for (const type of OBJECT_TYPES) for (const property of builtInProperties(type)) this.properties.seed(property);
    this.groups.seed({ id: "contactinformation", label: "Contact information", displayOrder: 0 });
  }

  #store(type: ObjectType): ObjectStore {
    const table = this.table<ObjectRow>(type);
    const live = (row: ObjectRow) => row.archivedAt === null;
    const key = (row: ObjectRow) => row.number;
    return {
      type,
      table,
      live: table.view({ key, where: live }),
      archived: table.view({ key, where: (row) => !live(row) && row.forgotten !== true }),
      search: table.view({ key: (row) => row.modifiedAt, where: live, tie: scrambled, indexed: true }),
    };
  }

  load(seed: HubspotSeed): void {
    for (const row of seed.contacts) {
      for (const { subscriptionId: id, subscriptionName: label } of row.subscriptions ?? [])
        this.subscriptionTypes.seed({ id, label });
      if (row.mergedInto !== undefined) this.#merged.set(row.id, row.mergedInto);
      this.#seed("contacts", row, contactExtras(row));
    }
    for (const [loser, winnerId] of this.#merged) {
      const winner = this.contact(winnerId);
      if (winner === undefined) continue;
      const merged = joined(winner.properties.hs_merged_object_ids, loser);
      this.stores.contacts.table.place({
        ...winner,
        properties: { ...winner.properties, hs_merged_object_ids: merged },
      });
      this.#merged.delete(loser);
    }
    for (const type of ["companies", "deals"] as const)
      for (const row of seed[type]) this.#seed(type, row, { contactIds: row.contactIds });
    this.markLoaded();
  }

  contact(id: string): ObjectRow | undefined {
    return this.stores.contacts.table.get(id);
  }

  /** Somebody makes a property of contacts read-only. */
  protect(name: string): void {
    const found = this.property("contacts", name);
    if (found !== undefined) this.properties.put({ ...found, readOnly: true });
  }

  property(type: ObjectType, name: string): PropertyRow | undefined {
    const found = this.properties.get(`${type}.${name}`);
    return found?.archived === false ? found : undefined;
  }

  /** The record a merged id lives on in. */
  winnerOf(object: ObjectRow): ObjectRow {
    let current = object;
    while (current.mergedInto !== null) {
      const next = this.contact(current.mergedInto);
      if (next === undefined) break;
      current = next;
    }
    return current;
  }

  /** Adds a record; answers its id. `contactIds` for companies and deals. */
  create(type: ObjectType, properties: Values, contactIds: string[] = []): string {
    const id = String(this.next("ids"));
    const at = new Date(this.now()).toISOString();
    this.stores[type].table.put(this.#row(type, { id, properties, createdAt: at, updatedAt: at }, { contactIds }));
    this.onHappening?.({ type, id, what: "creation" });
    return id;
  }

  /** Changes properties and moves the modified date. */
  change(type: ObjectType, id: string, values: Values, more: Partial<ObjectRow> = {}): void {
    const object = this.stores[type].table.get(id);
    if (object === undefined) return;
    const at = this.now();
    const optout = "hs_email_optout" in values ? { optoutAt: at } : {};
    const properties = { ...object.properties, ...values };
    this.stores[type].table.put({ ...object, ...optout, ...more, properties, modifiedAt: at });
    for (const [propertyName, propertyValue] of Object.entries(values))
      this.onHappening?.({ type, id, what: "propertyChange", more: { propertyName, propertyValue } });
  }

  archive(type: ObjectType, id: string): void {
    const object = this.stores[type].table.get(id);
    if (object === undefined) return;
    this.stores[type].table.put({ ...object, archivedAt: this.now() });
    this.onHappening?.({ type, id, what: "deletion" });
  }

  /** For good: no list and no call shows it any more. */
  forget(id: string): void {
    const object = this.contact(id);
    if (object === undefined) return;
    const nothing = { properties: {}, statuses: [], archivedAt: this.now() };
    this.stores.contacts.table.put({ ...object, ...nothing, forgotten: true });
    this.onHappening?.({ type: "contacts", id, what: "privacyDeletion" });
  }

  restore(type: ObjectType, id: string): void {
    const object = this.stores[type].table.get(id);
    if (object === undefined) return;
    this.stores[type].table.put({ ...object, archivedAt: null, modifiedAt: this.now() });
    this.onHappening?.({ type, id, what: "restore" });
  }

  /** Whose companies and deals they are. */
  associate(type: "companies" | "deals", id: string, contactIds: string[]): void {
    const object = this.stores[type].table.get(id);
    if (object === undefined) return;
    this.stores[type].table.put({ ...object, contactIds });
    const word = type === "companies" ? "COMPANY" : "DEAL";
    for (const contactId of contactIds) {
      const ends = { fromObjectId: Number(contactId), toObjectId: Number(id), associationType: `CONTACT_TO_${word}` };
      this.onHappening?.({ type: "contacts", id: contactId, what: "associationChange", more: ends });
    }
  }

  /** The loser is archived and its id answers with the winner. */
  merge(winnerId: string, loserId: string): void {
    const winner = this.contact(winnerId);
    const loser = this.contact(loserId);
    if (winner === undefined || loser === undefined) return;
    const values: Values = {
      hs_merged_object_ids: joined(
        winner.properties.hs_merged_object_ids,
        loser.id,
        loser.properties.hs_merged_object_ids,
      ),
      hs_additional_emails: joined(
        winner.properties.hs_additional_emails,
        loser.properties.email,
        loser.properties.hs_additional_emails,
      ),
    };
    for (const [name, value] of Object.entries(loser.properties))
      if (value !== null && (winner.properties[name] ?? null) === null && !(name in values)) values[name] = value;
    this.stores.contacts.table.put({ ...loser, mergedInto: winner.id, archivedAt: this.now() });
    this.change("contacts", winner.id, values);
    const ids = { primaryObjectId: winner.number, mergedObjectIds: [loser.number], newObjectId: winner.number };
    this.onHappening?.({ type: "contacts", id: winner.id, what: "merge", more: ids });
  }

  /** Sets one subscription status, as the person's preference page does. */
  setStatus(id: string, status: SubscriptionStatus): void {
    const object = this.contact(id);
    if (object === undefined) return;
    const { subscriptionId, subscriptionName } = status;
    if (this.subscriptionTypes.get(subscriptionId) === undefined)
      this.subscriptionTypes.put({ id: subscriptionId, label: subscriptionName });
    const statuses = [...object.statuses.filter((other) => other.subscriptionId !== subscriptionId), status];
    // HubSpot keeps a property per subscription type; that it always moves the modified date is not documented.
    const name = `hs_email_optout_${subscriptionId}`;
    this.#admit("contacts", [name]);
    this.change("contacts", id, { [name]: String(status.status === "UNSUBSCRIBED") }, { statuses });
  }

  /** Leaves out what the account would ignore in silence: unchanged values and a lifecycle stage moving backwards. */
  effective(object: ObjectRow, values: Record<string, string>): Values {
    const effective: Values = {};
    if (this.faults.silentNoOp.has(object.id)) return effective;
    for (const [name, text] of Object.entries(values)) {
      const value = text === "" ? null : text;
      const before = object.properties[name] ?? null;
      if (value === before || this.faults.silentProperties.has(name)) continue;
      if (name === "lifecyclestage" && movesBackwards(before, value)) continue;
      effective[name] = value;
    }
    return effective;
  }

  #seed(type: ObjectType, seed: HubspotSeedRecord, more: Partial<ObjectRow>): void {
    if (this.stores[type].table.get(seed.id) === undefined) this.stores[type].table.place(this.#row(type, seed, more));
  }

  #row(type: ObjectType, { id, properties, createdAt, updatedAt }: HubspotSeedRecord, more: Partial<ObjectRow>) {
    const number = Number(id);
    if (!Number.isSafeInteger(number) || number <= 0) throw new Error(`HubSpot ids are numbers; "${id}" is not.`);
    this.atLeast("ids", number);
    this.#admit(type, Object.keys(properties));
    const row: ObjectRow = {
      ...{ id, number, properties: { ...properties }, createdAt: Date.parse(createdAt) },
      ...{ modifiedAt: Date.parse(updatedAt), archivedAt: null, mergedInto: null },
      ...{ contactIds: [], statuses: [], optoutAt: null },
    };
    return { ...row, ...more };
  }

  /** Seeds may name properties an account made itself; they become plain text ones. */
  #admit(type: ObjectType, names: string[]): void {
    for (const name of names)
      if (this.properties.get(`${type}.${name}`) === undefined)
        this.properties.seed({
          ...{ id: `${type}.${name}`, name, label: name, description: "", groupName: "contactinformation" },
          ...{ type: "string", fieldType: "text", options: [] },
          ...{ hubspotDefined: false, readOnly: false, hidden: false, archived: false },
        });
  }
}

function contactExtras(row: HubspotSeedContact): Partial<ObjectRow> {
  const statuses = row.subscriptions ?? [];
  const left = statuses.filter(({ status }) => status === "UNSUBSCRIBED").map(({ timestamp }) => Date.parse(timestamp));
  const modifiedAt = Date.parse(row.updatedAt);
  return {
    statuses,
    mergedInto: row.mergedInto ?? null,
    archivedAt: row.archived === true || row.mergedInto !== undefined ? modifiedAt : null,
    optoutAt: row.properties.hs_email_optout === "true" ? (left.length === 0 ? modifiedAt : Math.max(...left)) : null,
  };
}

/** A property's value as the vendor gives it, computed ones included; null where unset. */
export function valueOf(type: ObjectType, object: ObjectRow, name: string): string | null {
  if (name === "hs_object_id") return object.id;
  if (name === "createdate") return new Date(object.createdAt).toISOString();
  if (name === modifiedProperty(type)) return new Date(object.modifiedAt).toISOString();
  const stored = object.properties[name] ?? null;
  return stored === null && type === "deals" ? closedValue(name, object.properties.dealstage ?? "") : stored;
}

/** HubSpot works these two out from the pipeline's stage. */
function closedValue(name: string, stage: string): string | null {
  if (name === "hs_is_closed") return String(stage.startsWith("closed"));
  return name === "hs_is_closed_won" ? String(stage === "closedwon") : null;
}

function addressesOf({ archivedAt, properties }: ObjectRow): string[] {
  if (archivedAt !== null) return [];
  return [properties.email ?? "", ...(properties.hs_additional_emails ?? "").split(";")]
    .map((address) => address.trim().toLowerCase())
    .filter((address) => address !== "");
}

function joined(...lists: (string | null | undefined)[]): string | null {
  const all = lists.flatMap((list) => (list ?? "").split(";")).filter((item) => item !== "");
  return all.length === 0 ? null : [...new Set(all)].join(";");
}

/** A fixed but useless order: search promises none among equal values. */
function scrambled(object: ObjectRow): number {
  return Math.imul(object.number, 0x9e3779b1) >>> 0;
}
