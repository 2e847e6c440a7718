/** The state of one Acme account, and what people do in it. */
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults } from "#connectors/core/twin/faults.ts";
import type { Row } from "#connectors/core/twin/table.ts";
import type { FieldValues } from "../client.ts";
import type { Field, OrderRow, PersonRow } from "../schema.ts";
import type { AcmeSeed } from "./seed.ts";

/** As Acme holds a record: what it shows, and its places in lists. */
interface Held<Shown> extends Row {
  /** In the order in which records were made. */
  number: number;
  changedAt: number;
  shown: Shown;
}

export interface Person extends Held<PersonRow> {
  fields: FieldValues;
  deletedAt: string | null;
}

export type Order = Held<OrderRow>;

export interface FieldState extends Row, Field {}

export class AcmeAccount extends TwinAccount {
  readonly people = this.table<Person>("people");
  readonly everybody = this.people.view({ key: ({ number }) => number, where: ({ deletedAt }) => deletedAt === null });
  readonly peopleByChange = this.people.view({
    ...{ key: ({ changedAt }) => changedAt, tie: ({ number }) => number, indexed: true },
  });
  readonly orders = this.table<Order>("orders");
  readonly allOrders = this.orders.view({ key: ({ number }) => number });
  readonly ordersByChange = this.orders.view({
    ...{ key: ({ changedAt }) => changedAt, tie: ({ number }) => number, indexed: true },
  });
  readonly fields = this.table<FieldState>("fields");

  constructor(now?: () => number) {
    super(noFaults(), now);
  }

  load({ people, orders }: AcmeSeed): void {
    for (const shown of people)
      this.people.seed({ ...this.#placed(shown, this.people.size + 1), fields: {}, deletedAt: null });
    for (const shown of orders) this.orders.seed(this.#placed(shown, this.orders.size + 1));
    this.atLeast("people", this.people.size);
    this.atLeast("orders", this.orders.size);
    this.markLoaded();
  }

  changePerson(id: string, change: Partial<PersonRow>): void {
    const person = this.people.get(id);
    if (person !== undefined) this.people.put({ ...person, ...this.#changed(person.shown, change) });
  }

  addPerson(row: Omit<PersonRow, "id" | "created_at" | "updated_at">): string {
    const number = this.next("people");
    const id = `p_${number}`;
    const shown = { ...row, id, created_at: this.#time(), updated_at: this.#time() };
    this.people.put({ ...this.#placed(shown, number), fields: {}, deletedAt: null });
    return id;
  }

  deletePerson(id: string): void {
    const person = this.people.get(id);
    if (person !== undefined) this.people.put({ ...person, changedAt: this.now(), deletedAt: this.#time() });
  }

  changeOrder(id: string, change: Partial<OrderRow>): void {
    const order = this.orders.get(id);
    if (order !== undefined) this.orders.put({ ...order, ...this.#changed(order.shown, change) });
  }

  addOrder(row: Omit<OrderRow, "id" | "placed_at" | "updated_at">): string {
    const number = this.next("orders");
    const id = `o_${number}`;
    this.orders.put(this.#placed({ ...row, id, placed_at: this.#time(), updated_at: this.#time() }, number));
    return id;
  }

  /** What an app wrote moves the record in the list of changes like any other change. */
  setFields(person: Person, values: FieldValues): void {
    this.people.put({ ...person, ...this.#changed(person.shown, {}), fields: { ...person.fields, ...values } });
  }

  #placed<Shown extends { id: string; updated_at: string }>(shown: Shown, number: number): Held<Shown> {
    return { id: shown.id, number, changedAt: Date.parse(shown.updated_at), shown };
  }

  #changed<Shown extends object>(shown: Shown, change: Partial<Shown>) {
    return { changedAt: this.now(), shown: { ...shown, ...change, updated_at: this.#time() } };
  }

  #time(): string {
    return new Date(this.now()).toISOString();
  }
}
