/** The account behind the twin: its objects, what changes them, and the events that every change leaves behind. */
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults } from "#connectors/core/twin/faults.ts";
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Call } from "#connectors/core/twin/route.ts";
import type { Row, Table, View } from "#connectors/core/twin/table.ts";
import { chargeFrom, customerFrom, refundFrom, subscriptionFrom } from "./objects.ts";
import type { Kind, States } from "./objects.ts";
import { API_VERSION, previousAttributes, render } from "./render.ts";
import type { Rendered } from "./render.ts";
import type { StripeSeed } from "./seed.ts";

/** What only Stripe does. Counters count down to 0; the rest holds until set back. */
export interface StripeFaults extends Faults {
  /** The next N writes are answered 429 `lock_timeout`: somebody else is changing the object. */
  lockTimeoutNext: number;
  /** The next N writes happen, are answered 500, and the 500 is kept under the idempotency key. */
  failAfterWriteNext: number;
  /** The next N writes fail with a 500 that is kept under the idempotency key; nothing is written. */
  failAndKeepNext: number;
  /** Lists show each event twice. */
  eventsTwice: boolean;
  /** Lists leave these objects out, which are there all the same. */
  leftOut: Set<string>;
  /** Each page of a list is turned round: oldest first. */
  turnedPages: boolean;
  /** API version that events made from now on are rendered in. */
  eventApiVersion: string;
}

type Changed<State> = Partial<Omit<State, "id" | "created">>;

/** An event and the object as it was then. */
export interface EventState extends Row {
  type: string;
  /** Seconds. */
  created: number;
  apiVersion: string;
  kind: Kind;
  object: States[Kind];
  previous?: Rendered;
  request: { id: string | null; idempotency_key: string | null };
}

export interface Collection<State extends Row> {
  table: Table<State>;
  /** By creation. */
  listed: View<State>;
}

export class StripeAccount extends TwinAccount<StripeFaults> {
  readonly livemode: boolean;
  readonly collections: { [K in Kind]: Collection<States[K]> };
  readonly events: Collection<EventState>;
  /** Told of each event as it happens. */
  onEvent: ((event: EventState) => void) | null = null;

  constructor(clock: (() => number) | undefined, livemode: boolean) {
    super(
      {
        ...noFaults(),
        ...{ lockTimeoutNext: 0, failAfterWriteNext: 0, failAndKeepNext: 0 },
        ...{ eventsTwice: false, eventApiVersion: API_VERSION },
        ...{ leftOut: new Set<string>(), turnedPages: false },
      },
      clock,
    );
    this.livemode = livemode;
    this.collections = {
      customers: this.#collection<States["customers"]>("customers"),
      charges: this.#collection<States["charges"]>("charges"),
      refunds: this.#collection<States["refunds"]>("refunds"),
      subscriptions: this.#collection<States["subscriptions"]>("subscriptions"),
    };
    this.events = this.#collection<EventState>("events", true);
  }

  #collection<State extends Row & { created: number; deleted?: boolean }>(
    name: string,
    indexed = false,
  ): Collection<State> {
    const table = this.table<State>(name);
    const listed = table.view({ key: (row) => row.created, where: (row) => row.deleted !== true, indexed });
    return { table, listed };
  }

  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  newId(prefix: string): string {
    return `${prefix}_twin${String(this.next("ids")).padStart(12, "0")}`;
  }

  /** Undefined: deleted, or never there. */
  find<K extends Kind>(kind: K, id: string): States[K] | undefined {
    const found = this.collections[kind].table.get(id);
    return found?.deleted === true ? undefined : found;
  }

  /** As the API shows it; a deleted customer still answers, as deleted. */
  shown<K extends Kind>(kind: K, id: string): Rendered | undefined {
    const state = this.collections[kind].table.get(id);
    return state === undefined ? undefined : render(kind, state, this.livemode);
  }

  /** Takes the seed as what was there all along: no events. What the journal already knows stays as it is. */
  load(seed: StripeSeed): void {
    const { customers, charges, refunds, subscriptions } = this.collections;
    for (const each of seed.customers) customers.table.seed(customerFrom(each));
    for (const each of seed.charges) charges.table.seed(chargeFrom(each));
    for (const each of seed.refunds) refunds.table.seed(refundFrom(each));
    for (const each of seed.subscriptions) subscriptions.table.seed(subscriptionFrom(each));
    this.markLoaded();
  }

  /** Adds an object or replaces one, leaving an event, and answers how it looks. `by`: the request it came by, none for a deed in the Dashboard. */
  save<K extends Kind>(kind: K, state: States[K], type: string, by?: Call): Rendered {
    const before = this.find(kind, state.id);
    const after = render(kind, state, this.livemode);
    const previous = before === undefined ? {} : previousAttributes(render(kind, before, this.livemode), after);
    // A change that changes nothing leaves no event.
    if (before !== undefined && state.deleted !== true && Object.keys(previous).length === 0) return after;
    this.collections[kind].table.put(state);
    const key = by?.headers["idempotency-key"];
    const event: EventState = {
      ...{ id: this.newId("evt"), type, created: this.seconds(), apiVersion: this.faults.eventApiVersion },
      ...{
        kind,
        object: state,
        request: { id: by?.requestId ?? null, idempotency_key: typeof key === "string" ? key : null },
      },
      ...(before === undefined || type.endsWith(".deleted") ? {} : { previous }),
    };
    this.events.table.put(event);
    this.onEvent?.(event);
    return after;
  }

  /** Changes fields of an object that is there. */
  change<K extends Kind>(kind: K, id: string, fields: Changed<States[K]>, type: string): void {
    this.save(kind, { ...this.#present(kind, id), ...fields }, type);
  }

  addCustomer(seed: StripeSeed["customers"][number]): void {
    this.save("customers", customerFrom(seed), "customer.created");
  }

  changeCustomer(id: string, fields: Changed<States["customers"]>): void {
    this.change("customers", id, fields, "customer.updated");
  }

  /** Also cancels the customer's subscriptions, as Stripe does. */
  deleteCustomer(id: string, by?: Call): void {
    const customer = this.#present("customers", id);
    for (const { id: subscription, customer: owner, status } of this.collections.subscriptions.table.values())
      if (owner === id && status !== "canceled") this.cancelSubscription(subscription, by);
    this.save("customers", { ...customer, deleted: true }, "customer.deleted", by);
  }

  addCharge(seed: StripeSeed["charges"][number]): void {
    this.save("charges", chargeFrom(seed), `charge.${seed.status}`);
  }

  changeCharge(id: string, fields: Changed<States["charges"]>, event = "charge.updated"): void {
    this.change("charges", id, fields, event);
  }

  /** Answers the refund's id. */
  refund(charge: string, amount: number, by?: Call): string {
    const { currency, amountRefunded } = this.#present("charges", charge);
    const id = this.newId("re");
    const facts = { id, created: this.seconds(), charge, amount, currency, status: "succeeded" as const };
    this.save("refunds", { ...facts, metadata: {} }, "refund.created", by);
    const refunded = { ...this.#present("charges", charge), amountRefunded: amountRefunded + amount };
    this.save("charges", refunded, "charge.refunded", by);
    return id;
  }

  addSubscription(seed: StripeSeed["subscriptions"][number]): void {
    this.save("subscriptions", subscriptionFrom(seed), "customer.subscription.created");
  }

  changeSubscription(id: string, fields: Changed<States["subscriptions"]>): void {
    this.change("subscriptions", id, fields, "customer.subscription.updated");
  }

  cancelSubscription(id: string, by?: Call): void {
    const state = { ...this.#present("subscriptions", id), status: "canceled" as const, endedAt: this.seconds() };
    this.save("subscriptions", state, "customer.subscription.deleted", by);
  }

  #present<K extends Kind>(kind: K, id: string): States[K] {
    const state = this.find(kind, id);
    if (state === undefined) throw new Error(`The twin has no ${id}.`);
    return state;
  }
}
