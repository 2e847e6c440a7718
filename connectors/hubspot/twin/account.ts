/** The state of one HubSpot account. Every change goes through `commit`, so that the journal can repeat it. */
import type { HubspotFaults } from "./faults.ts";
import { Journal } from "./journal.ts";
import type { Change, ObjectType, SubscriptionStatus } from "./journal.ts";
import { ObjectStore } from "./object-store.ts";
import type { StoredObject } from "./object-store.ts";
import { movesBackwards, PropertyCatalogue } from "./properties.ts";
import type { HubspotSeed } from "./seed.ts";

type Values = Record<string, string | null>;

export class Account {
  readonly stores: Record<ObjectType, ObjectStore>;
  readonly catalogues: Record<ObjectType, PropertyCatalogue>;
  /** Subscription types the account has, by id. */
  readonly subscriptionTypes = new Map<string, string>();
  readonly #faults: HubspotFaults;
  readonly #clock: () => number;
  readonly #contactIdByEmail = new Map<string, string>();
  readonly #journal: Journal | null;
  #unreplayed: Change[];
  /** Losers of the seed whose winners are still to be loaded. */
  readonly #merged = new Map<string, string>();
  #lastId = 0;
  #loaded = false;

  constructor(faults: HubspotFaults, clock: () => number, journalPath: string | undefined) {
    this.#faults = faults;
    this.#clock = clock;
    const store = (type: ObjectType) => new ObjectStore(type, clock);
    this.stores = { contacts: store("contacts"), companies: store("companies"), deals: store("deals") };
    this.catalogues = {
      contacts: new PropertyCatalogue("contacts"),
      companies: new PropertyCatalogue("companies"),
      deals: new PropertyCatalogue("deals"),
    };
    const opened = journalPath === undefined ? null : Journal.open(journalPath);
    this.#journal = opened?.journal ?? null;
    this.#unreplayed = opened?.changes ?? [];
  }

  get now(): number {
    return this.#faults.frozenTimestamp ?? this.#clock();
  }

  load(seed: HubspotSeed): void {
    this.#loaded = true;
    for (const row of seed.contacts) {
      if (this.stores.contacts.byId.has(row.id)) continue;
      const object = this.#admit("contacts", row.id, row.properties, row.createdAt, row.updatedAt, []);
      object.statuses = (row.subscriptions ?? []).map((status) => ({ ...status }));
      for (const status of object.statuses) this.subscriptionTypes.set(status.subscriptionId, status.subscriptionName);
      if (row.archived === true || row.mergedInto !== undefined) object.archivedAt = object.modifiedAt;
      object.mergedInto = row.mergedInto ?? null;
      if (object.archivedAt === null) this.#rememberEmails(object);
      if (object.properties.hs_email_optout === "true") object.optoutAt = lastUnsubscribe(object) ?? object.modifiedAt;
      this.stores.contacts.add(object, 0);
    }
    for (const { id, mergedInto } of seed.contacts) if (mergedInto !== undefined) this.#merged.set(id, mergedInto);
    for (const [loser, winnerId] of this.#merged) {
      const winner = this.contact(winnerId);
      if (winner === undefined) continue;
      winner.properties.hs_merged_object_ids = joined(winner.properties.hs_merged_object_ids, loser);
      this.#merged.delete(loser);
    }
    for (const type of ["companies", "deals"] as const)
      for (const row of seed[type].filter(({ id }) => !this.stores[type].byId.has(id)))
        this.stores[type].add(
          this.#admit(type, row.id, row.properties, row.createdAt, row.updatedAt, row.contactIds),
          0,
        );
  }

  /** An account with a history is not itself before its seed is in. */
  get ready(): boolean {
    return this.#loaded || this.#unreplayed.length === 0;
  }

  /** Carries out what the journal holds, after the seed and before any use. What concerns records still to be loaded waits for them. */
  replay(): void {
    if (this.#unreplayed.length === 0) return;
    const changes = this.#unreplayed;
    this.#unreplayed = [];
    for (const change of changes) {
      if (this.#knows(change)) this.#apply(change, 0);
      else this.#unreplayed.push(change);
    }
  }

  #knows(change: Change): boolean {
    if (change.op === "merge")
      return this.contact(change.winner) !== undefined && this.contact(change.loser) !== undefined;
    if (change.op === "status") return this.contact(change.id) !== undefined;
    return !("id" in change) || change.op === "create" || this.stores[change.type].byId.has(change.id);
  }

  commit(changes: Change[]): void {
    this.replay();
    this.#journal?.append(changes);
    for (const change of changes) this.#apply(change, this.#faults.indexLagMs);
  }

  contact(id: string): StoredObject | undefined {
    return this.stores.contacts.byId.get(id);
  }

  contactByEmail(email: string): StoredObject | undefined {
    const id = this.#contactIdByEmail.get(email.trim().toLowerCase());
    return id === undefined ? undefined : this.contact(id);
  }

  /** The record a merged id lives on in. */
  winnerOf(object: StoredObject): StoredObject {
    let current = object;
    while (current.mergedInto !== null) {
      const next = this.contact(current.mergedInto);
      if (next === undefined) break;
      current = next;
    }
    return current;
  }

  nextId(): string {
    return String(this.#lastId + 1);
  }

  close(): void {
    this.#journal?.close();
  }

  #apply(change: Change, lagMs: number): void {
    switch (change.op) {
      case "create": {
        const at = new Date(change.at).toISOString();
        const object = this.#admit(change.type, change.id, change.values, at, at, change.contactIds);
        if (change.type === "contacts") this.#rememberEmails(object);
        this.stores[change.type].add(object, lagMs);
        return;
      }
      case "set":
        this.#set(change.type, change.id, change.values, change.at, lagMs);
        return;
      case "archive": {
        const object = this.stores[change.type].byId.get(change.id);
        if (object !== undefined) this.stores[change.type].archive(object, change.at);
        return;
      }
      case "restore": {
        const object = this.stores[change.type].byId.get(change.id);
        if (object !== undefined) this.stores[change.type].restore(object, change.at, lagMs);
        return;
      }
      case "merge":
        this.#merge(change.winner, change.loser, change.at, lagMs);
        return;
      case "status":
        this.#setStatus(change.id, change.status, change.at, lagMs);
        return;
      case "property":
        this.catalogues.contacts.definitions.set(change.definition.name, change.definition);
        return;
      case "group":
        this.catalogues.contacts.groups.set(change.group.name, change.group);
    }
  }

  #set(type: ObjectType, id: string, values: Values, at: number, lagMs: number): void {
    const object = this.stores[type].byId.get(id);
    if (object === undefined) return;
    if ("hs_email_optout" in values) object.optoutAt = at;
    this.stores[type].change(object, at, values, lagMs);
    if (type === "contacts" && ("email" in values || "hs_additional_emails" in values)) this.#rememberEmails(object);
  }

  #merge(winnerId: string, loserId: string, at: number, lagMs: number): void {
    const winner = this.contact(winnerId);
    const loser = this.contact(loserId);
    if (winner === undefined || loser === undefined) return;
    const merged = joined(winner.properties.hs_merged_object_ids, loser.id, loser.properties.hs_merged_object_ids);
    const emails = joined(
      winner.properties.hs_additional_emails,
      loser.properties.email,
      loser.properties.hs_additional_emails,
    );
    loser.mergedInto = winner.id;
    this.stores.contacts.archive(loser, at);
    const values: Values = { hs_merged_object_ids: merged, hs_additional_emails: emails };
    for (const [name, value] of Object.entries(loser.properties))
      if (value !== null && (winner.properties[name] ?? null) === null && !(name in values)) values[name] = value;
    this.#set("contacts", winner.id, values, at, lagMs);
  }

  #setStatus(id: string, status: SubscriptionStatus, at: number, lagMs: number): void {
    const object = this.contact(id);
    if (object === undefined) return;
    this.subscriptionTypes.set(status.subscriptionId, status.subscriptionName);
    object.statuses = [...object.statuses.filter((other) => other.subscriptionId !== status.subscriptionId), status];
    // HubSpot keeps a property per subscription type; that it always moves the modified date is not documented.
    const name = `hs_email_optout_${status.subscriptionId}`;
    this.catalogues.contacts.admit(name);
    this.#set("contacts", id, { [name]: String(status.status === "UNSUBSCRIBED") }, at, lagMs);
  }

  #admit(
    type: ObjectType,
    id: string,
    given: Values,
    createdAt: string,
    updatedAt: string,
    contactIds: string[],
  ): StoredObject {
    const number = Number(id);
    if (!Number.isSafeInteger(number) || number <= 0) throw new Error(`HubSpot ids are numbers; "${id}" is not.`);
    this.#lastId = Math.max(this.#lastId, number);
    for (const name of Object.keys(given)) this.catalogues[type].admit(name);
    return {
      id,
      number,
      properties: { ...given },
      createdAt: Date.parse(createdAt),
      modifiedAt: Date.parse(updatedAt),
      archivedAt: null,
      mergedInto: null,
      contactIds,
      statuses: [],
      optoutAt: null,
      entry: null,
      behind: null,
      job: null,
    };
  }

  #rememberEmails(object: StoredObject): void {
    const { email, hs_additional_emails: others } = object.properties;
    for (const address of [email ?? "", ...(others ?? "").split(";")])
      if (address !== "") this.#contactIdByEmail.set(address.trim().toLowerCase(), object.id);
  }
}

/** Leaves out what the account would ignore in silence: unchanged values and a lifecycle stage moving backwards. */
export function effectiveValues(object: StoredObject, values: Record<string, string>, faults: HubspotFaults): Values {
  const effective: Values = {};
  if (faults.silentIds.has(object.id)) return effective;
  for (const [name, text] of Object.entries(values)) {
    const value = text === "" ? null : text;
    const before = object.properties[name] ?? null;
    if (value === before || faults.silentProperties.has(name)) continue;
    if (name === "lifecyclestage" && movesBackwards(before, value)) continue;
    effective[name] = value;
  }
  return effective;
}

function joined(...lists: (string | null | undefined)[]): string | null {
  const all = lists.flatMap((list) => (list ?? "").split(";")).filter((item) => item !== "");
  return all.length === 0 ? null : [...new Set(all)].join(";");
}

function lastUnsubscribe(object: StoredObject): number | null {
  const times = object.statuses
    .filter((status) => status.status === "UNSUBSCRIBED")
    .map((status) => Date.parse(status.timestamp));
  return times.length === 0 ? null : Math.max(...times);
}
