/** Collects from the database everything that can bear on who some records are: their whole connected components. */
import { type ProfileId, type RecordId, valueIdOf } from "#profile/ids.ts";
import { valueKeyOf } from "#profile/identity/identifiers.ts";
import type { PersonName } from "#profile/identity/names.ts";
import { normaliseName } from "#profile/identity/normalise/name.ts";
import { postcodeKeyOf } from "#profile/identity/normalise/postcode.ts";
import { type HumanLink, type IdentityRecord, type Resolution, resolve } from "#profile/identity/resolve.ts";
import type { IdentifierKind } from "#profile/identity/rules.ts";
import { isStandoff } from "#profile/identity/standoff.ts";
import { alsoLookedUpAs } from "#profile/identity/value-nodes.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { Beside } from "./beside.ts";
import { crowdedAmong, type HeldValue, type Holder, holdersOf, MANY_HOLDERS } from "./holders.ts";
import { HumanLinks, type Link } from "./human-links.ts";
import { keyOf } from "./linkage/candidates.ts";
import { type ScoredEdge, ScoredEdges } from "./linkage/edges.ts";
import type { Value } from "./shared-values.ts";

/** All records of the components reached, with what joins and separates them. */
export interface Gathered {
  records: Map<RecordId, IdentityRecord>;
  /**
   * Holders of values in standoff, with nothing but those values: enough to see that the value joins nobody. Their own
   * components are not here, and what becomes of them is not decided.
   */
  bystanders: Map<RecordId, IdentityRecord>;
  /** Of `records`, those that have one. */
  profileOf: Map<RecordId, ProfileId>;
  overflowing: Set<string>;
  /** Some value came into or out of `shared_value`: records that are not here may have to be looked at. */
  turned: boolean;
  /** Records met whose components others are at work on; nothing of these is in here. */
  dropped: ReadonlySet<RecordId>;
  mustLinks: HumanLink[];
  cuts: HumanLink[];
  scored: ScoredEdge[];
}

/** The resolution of the records gathered; bystanders take part and are left out of it. */
export function resolveGathered({ records, bystanders, ...rest }: Gathered): Resolution {
  const { clusters, refusals } = resolve({ ...rest, records: [...records.values(), ...bystanders.values()] });
  return { clusters: clusters.filter(({ anchorRecordId }) => records.has(anchorRecordId)), refusals };
}

/**
 * Follows shared values, merges at the source, human links, likely pairs and present profiles until nothing new turns up. Each round is a
 * handful of statements, however many records it finds.
 *
 * Values in `shared_value` are not followed, nor are those in standoff. But for these a whole component comes back, or
 * resolving it would not give what resolving everything gives.
 *
 * @param options.look called with the values of each round before they are followed; returns those that came into or out of
 *   `shared_value`
 * @param options.beside where other batches may be at work: every record met is locked, and components with one that cannot
 *   be are left out
 */
export async function gather(
  transaction: Transaction,
  start: readonly RecordId[],
  { look = () => Promise.resolve([]), beside }: { look?: Look; beside?: Beside } = {},
): Promise<Gathered> {
  const gathering = new Gathering(transaction, look, beside);
  await gathering.follow([...new Set(start)]);
  return gathering.result();
}

type Look = (values: Value[]) => Promise<Value[]>;

interface PersonRow {
  recordId: RecordId;
  createdAtMs: number | null;
  firstName: string | null;
  lastName: string | null;
  postcode: string | null;
  profileId: ProfileId | null;
}

type Person = Pick<IdentityRecord, "recordId" | "createdAtMs" | "name" | "postcode"> & { profileId: ProfileId | null };

/** From so many on, shared values are asked for by value. */
const MANY_SHARED = 1_000;

class Gathering {
  readonly #transaction: Transaction;
  readonly #look: Look;
  readonly #beside: Beside | undefined;
  /** Looked for, found or not. */
  readonly #followed = new Set<RecordId>();
  /** Everybody met, followed or not. */
  readonly #people = new Map<RecordId, Person>();
  readonly #names = new Map<string, PersonName>();
  readonly #records = new Map<RecordId, IdentityRecord>();
  readonly #bystanders = new Map<RecordId, IdentityRecord & { identifiers: Holder[] }>();
  readonly #overflowing = new Set<string>();
  #shared: Value[] | undefined;
  #turned = false;
  readonly #seenValues = new Set<string>();
  readonly #seenProfiles = new Set<ProfileId>();
  readonly #humanLinks: HumanLinks;
  readonly #links = new Map<string, Link>();
  readonly #scoredEdges: ScoredEdges;
  readonly #scored = new Map<string, ScoredEdge>();

  constructor(transaction: Transaction, look: Look, beside: Beside | undefined) {
    this.#transaction = transaction;
    this.#look = look;
    this.#beside = beside;
    this.#humanLinks = new HumanLinks(transaction);
    this.#scoredEdges = new ScoredEdges(transaction);
  }

  async follow(start: RecordId[]): Promise<void> {
    for (let frontier = start; frontier.length > 0;) {
      for (const id of frontier) this.#followed.add(id);
      // Asked for at once: the database answers the second while the first is taken in here.
      const [, held] = await Promise.all([this.#meet(frontier), this.#identifiersOf(frontier)]);
      const next = new Set<RecordId>(await this.#holdersToFollow(this.#load(frontier, held), frontier));
      for (const id of await this.#fellowMembers(frontier)) next.add(id);
      for (const id of await this.#linked(frontier)) next.add(id);
      for (const id of await this.#likely(frontier)) next.add(id);
      frontier = [...next].filter((id) => !this.#followed.has(id));
      // What a human said of a bystander may have taken apart what such a value once joined.
      if (frontier.length === 0) frontier = await this.#linkedBystanders();
    }
  }

  async #linkedBystanders(): Promise<RecordId[]> {
    const ids = [...this.#bystanders.keys()].filter((id) => !this.#records.has(id));
    if (ids.length === 0) return [];
    const links = await this.#humanLinks.of(ids);
    const named = new Set(links.flatMap(({ a, b }) => [a, b]));
    return ids.filter((id) => named.has(id));
  }

  result(): Gathered {
    const dropped =
      this.#beside?.connectedWithTaken([
        ...this.#links.values(),
        ...[...this.#scored.values()].filter(({ joins }) => joins !== "never"),
      ]) ?? new Set();
    for (const id of dropped) this.#records.delete(id);
    const profileOf = new Map<RecordId, ProfileId>();
    for (const id of this.#records.keys()) {
      const profileId = this.#people.get(id)?.profileId;
      if (profileId !== undefined && profileId !== null) profileOf.set(id, profileId);
    }
    for (const id of this.#records.keys()) this.#bystanders.delete(id);
    const links = [...this.#links.values()];
    return {
      records: this.#records,
      bystanders: this.#bystanders,
      profileOf,
      overflowing: this.#overflowing,
      turned: this.#turned,
      dropped,
      mustLinks: links.filter(({ verdict }) => verdict === "same"),
      cuts: links.filter(({ verdict }) => verdict === "different"),
      scored: [...this.#scored.values()],
    };
  }

  /** Reads names, times and profiles of records not met before. */
  async #meet(ids: Iterable<RecordId>): Promise<void> {
    const unknown = [...ids].filter((id) => !this.#people.has(id) && this.#beside?.taken.has(id) !== true);
    if (unknown.length === 0) return;
    await this.#beside?.lock(unknown);
    const rows = await this.#transaction.query<PersonRow>(
      `SELECT record_id AS "recordId", floor(extract(epoch FROM source_created_at) * 1000)::float8 AS "createdAtMs",
         first_name AS "firstName", last_name AS "lastName", postcode, profile_id AS "profileId"
       FROM source_record LEFT JOIN membership USING (workspace_id, record_id)
       WHERE workspace_id = $1 AND kind = 'person' AND record_id ${among("$2")}`,
      [this.#transaction.workspaceId, listed(unknown)],
    );
    for (const { firstName, lastName, postcode, ...row } of rows) {
      if (this.#beside?.isTaken(row.recordId, row.profileId) === true) continue;
      const name = this.#nameOf(firstName, lastName);
      this.#people.set(row.recordId, { ...row, name, postcode: postcodeKeyOf(postcode) });
    }
  }

  #nameOf(first: string | null, last: string | null): PersonName {
    const key = JSON.stringify([first, last]);
    const known = this.#names.get(key) ?? normaliseName(first, last);
    this.#names.set(key, known);
    return known;
  }

  #identifiersOf(ids: RecordId[]): Promise<Holder[]> {
    return this.#transaction.query<Holder>(
      `SELECT record_id AS "recordId", value_id AS "valueId", kind, value, quality FROM identifier
       WHERE workspace_id = $1 AND record_id ${among("$2")} AND quality <> 'blocked' AND kind <> 'household'`,
      [this.#transaction.workspaceId, listed(ids)],
    );
  }

  /** Takes records in with their identifiers; returns the values not seen before, with who of these records holds them. */
  #load(ids: RecordId[], rows: Holder[]): Map<string, HeldValue> {
    const identifiersOf = Map.groupBy(rows, ({ recordId }) => recordId);
    const values = new Map<string, HeldValue>();
    const see = (valueId: string, kind: IdentifierKind, value: string): HeldValue | undefined => {
      if (this.#seenValues.has(valueId)) return values.get(valueId);
      this.#seenValues.add(valueId);
      const held = { valueId, kind, value, holders: [] };
      values.set(valueId, held);
      return held;
    };
    for (const id of ids) {
      const person = this.#people.get(id);
      // Named by a merge at the source or a link, but not stored (yet).
      if (person === undefined) continue;
      const identifiers = identifiersOf.get(id) ?? [];
      const { recordId, createdAtMs, name, postcode } = person;
      this.#records.set(id, { recordId, createdAtMs, name, postcode, identifiers });
      // Whoever was merged into this record names it by id.
      const named = valueIdOf("merged_into", id);
      see(named, "merged_into", id);
      const seen = [named];
      for (const holder of identifiers) {
        const { valueId, kind, value } = holder;
        see(valueId, kind, value)?.holders.push(holder);
        seen.push(valueId);
        const other = alsoLookedUpAs[kind];
        if (other === undefined) continue;
        const otherId = valueIdOf(other, value);
        see(otherId, other, value);
        seen.push(otherId);
      }
      this.#beside?.noteRecord(person, seen, identifiers);
    }
    return values;
  }

  /** @param loaded the records whose values these are: who else holds them is asked for */
  async #holdersToFollow(values: Map<string, HeldValue>, loaded: RecordId[]): Promise<RecordId[]> {
    if (values.size === 0) return [];
    const known = await this.#sharedAmong(values);
    const unknown = [...values.keys()].filter((valueId) => !known.has(valueId));
    const first = await holdersOf(this.#transaction, unknown, { besides: loaded, limit: MANY_HOLDERS });
    const unsure = [...known, ...crowdedAmong(unknown, values, first)];
    const overflowing = await this.#lookAgainAt(unsure, values);
    for (const valueId of overflowing) values.delete(valueId);
    const asked = new Set(unsure);
    const rows = [
      ...first.filter(({ valueId }) => !asked.has(valueId)),
      ...(await holdersOf(
        this.#transaction,
        unsure.filter((valueId) => !overflowing.has(valueId)),
        { besides: loaded },
      )),
    ];
    await this.#meet(new Set(rows.map(({ recordId }) => recordId)));
    for (const row of rows) values.get(row.valueId)?.holders.push(row);
    this.#beside?.noteAsked(values);
    const next: RecordId[] = [];
    for (const { kind, value } of values.values()) if (kind === "merged_into") next.push(value as RecordId);
    for (const valueId of new Set(rows.map((row) => row.valueId))) {
      const holders = values.get(valueId)?.holders ?? [];
      // Somebody else's; what hangs together with it is left alone.
      if (holders.some(({ recordId }) => this.#beside?.taken.has(recordId) === true)) continue;
      if (this.#joinsNobody(holders, values)) for (const holder of holders) this.#standBy(holder);
      else for (const { recordId } of holders) next.push(recordId);
    }
    return next;
  }

  /** @returns which of these values overflow, now that it was looked at who holds them */
  async #lookAgainAt(valueIds: string[], values: ReadonlyMap<string, HeldValue>): Promise<Set<string>> {
    if (valueIds.length === 0) return new Set();
    const held = valueIds.flatMap((valueId) => values.get(valueId) ?? []).filter(({ holders }) => holders.length > 0);
    const turned = await this.#look(held);
    for (const { kind, value } of turned) this.#overflowing.delete(valueKeyOf(kind, value));
    if (turned.length > 0) {
      this.#turned = true;
      this.#shared = undefined;
    }
    return this.#sharedAmong(values);
  }

  /** Which of these values are known as shared. Few are, so they are read at once, as far as they are few. */
  async #sharedAmong(values: ReadonlyMap<string, Value>): Promise<Set<string>> {
    this.#shared ??= await this.#transaction.query<Value>(
      `SELECT value_id AS "valueId", kind, value FROM shared_value WHERE workspace_id = $1 LIMIT $2`,
      [this.#transaction.workspaceId, MANY_SHARED],
    );
    const rows =
      this.#shared.length < MANY_SHARED
        ? this.#shared
        : await this.#transaction.query<Value>(
            `SELECT value_id AS "valueId", kind, value FROM shared_value
             WHERE workspace_id = $1 AND value_id ${among("$2")}`,
            [this.#transaction.workspaceId, listed(values.keys())],
          );
    for (const { kind, value } of rows) this.#overflowing.add(valueKeyOf(kind, value));
    return new Set(rows.flatMap(({ valueId }) => (values.has(valueId) ? [valueId] : [])));
  }

  /** @param holders all of one value */
  #joinsNobody(holders: readonly Holder[], values: ReadonlyMap<string, HeldValue>): boolean {
    const [any] = holders;
    if (any === undefined) return true;
    const { kind, value, quality } = any;
    // A mailbox is decided over all its spellings; only where there is one is it this value's holders alone.
    const other = alsoLookedUpAs[kind];
    if (other !== undefined && (values.get(valueIdOf(other, value))?.holders.length ?? 0) > 0) return false;
    const people = holders.flatMap(({ recordId }) => this.#people.get(recordId) ?? []);
    // Two that are one profile may be so through this value, from a time when it did join: they have to be looked at again.
    const profiles = people.flatMap(({ profileId }) => profileId ?? []);
    return new Set(profiles).size === profiles.length && isStandoff(kind, quality, people);
  }

  #standBy(holder: Holder): void {
    const person = this.#people.get(holder.recordId);
    if (person === undefined) return;
    const { recordId, createdAtMs, name, postcode } = person;
    const known = this.#bystanders.get(recordId);
    if (known === undefined)
      this.#bystanders.set(recordId, { recordId, createdAtMs, name, postcode, identifiers: [holder] });
    else known.identifiers.push(holder);
  }

  async #fellowMembers(ids: readonly RecordId[]): Promise<RecordId[]> {
    const fresh = new Set(ids.flatMap((id) => this.#people.get(id)?.profileId ?? [])).difference(this.#seenProfiles);
    if (fresh.size === 0) return [];
    for (const profileId of fresh) this.#seenProfiles.add(profileId);
    const rows = await this.#transaction.query<{ recordId: RecordId }>(
      `SELECT record_id AS "recordId" FROM membership WHERE workspace_id = $1 AND profile_id ${among("$2")}`,
      [this.#transaction.workspaceId, listed(fresh)],
    );
    return rows.map(({ recordId }) => recordId);
  }

  /** Notes what humans said of these records; returns whom they are said to be. */
  async #linked(ids: RecordId[]): Promise<RecordId[]> {
    const links = await this.#humanLinks.of(ids);
    for (const link of links) this.#links.set(`${link.a} ${link.b}`, link);
    return links.flatMap(({ a, b, verdict }) => (verdict === "same" ? [a, b] : []));
  }

  /** Notes whom these records are likely to be; returns them. */
  async #likely(ids: RecordId[]): Promise<RecordId[]> {
    const edges = await this.#scoredEdges.of(ids);
    for (const edge of edges) this.#scored.set(keyOf(edge), edge);
    return edges.flatMap(({ a, b, joins }) => (joins === "never" ? [] : [a, b]));
  }
}
