/** The account behind the twin: its objects, what changes them, and the events that every change leaves behind. */
import { Collection } from "./collection.ts";
import type { Stored } from "./collection.ts";
import type { StripeFaults } from "./faults.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import type { Idempotent } from "./idempotency.ts";
import type { Change, EventFacts, JournalEntry } from "./journal.ts";
import { chargeFrom, customerFrom, refundFrom, subscriptionFrom } from "./objects.ts";
import type { AnyState, ChargeState, CustomerState, RefundState, SubscriptionState } from "./objects.ts";
import { previousAttributes, render } from "./render.ts";
import type { StripeSeed } from "./seed.ts";

const EVENTS_KEPT_SECONDS = 30 * 24 * 3600;

/** An event and the object as it was then. */
export interface EventState extends Stored, EventFacts {
  about: Change;
}

export interface RequestFacts {
  id: string | null;
  idempotency_key: string | null;
}

const BY_HAND: RequestFacts = { id: null, idempotency_key: null };

export class Account {
  readonly customers = new Collection<CustomerState>();
  readonly charges = new Collection<ChargeState>();
  readonly refunds = new Collection<RefundState>();
  readonly subscriptions = new Collection<SubscriptionState>();
  readonly events = new Collection<EventState>();
  readonly deletedCustomers = new Set<string>();
  readonly keys = new IdempotencyKeys();
  readonly livemode: boolean;
  readonly #faults: StripeFaults;
  readonly #clock: () => number;
  #clockOffset = 0;
  #ids = 0;
  #changes: Change[] = [];
  #events: JournalEntry["events"] = [];
  #reply: JournalEntry["reply"];

  constructor(options: { clock: () => number; faults: StripeFaults; livemode: boolean }) {
    this.#clock = options.clock;
    this.#faults = options.faults;
    this.livemode = options.livemode;
  }

  /** Milliseconds. */
  now(): number {
    return this.#clock() + this.#clockOffset;
  }

  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  advance(ms: number): void {
    this.#clockOffset += ms;
  }

  newId(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_twin${String(this.#ids).padStart(12, "0")}`;
  }

  /** Takes the seed as what was there all along: no events. What the journal already knows stays as it is. */
  load(seed: StripeSeed): void {
    for (const customer of seed.customers) {
      if (this.customers.get(customer.id) !== undefined || this.deletedCustomers.has(customer.id)) continue;
      if (customer.deleted === true) this.deletedCustomers.add(customer.id);
      else this.customers.put(customerFrom(customer));
    }
    for (const charge of seed.charges) {
      if (this.charges.get(charge.id) === undefined) this.charges.put(chargeFrom(charge));
    }
    for (const refund of seed.refunds) {
      if (this.refunds.get(refund.id) === undefined) this.refunds.put(refundFrom(refund));
    }
    for (const subscription of seed.subscriptions) {
      if (this.subscriptions.get(subscription.id) === undefined) this.subscriptions.put(subscriptionFrom(subscription));
    }
  }

  /** Adds an object or replaces one, leaving an event. `before`: what an update replaces. Answers the change for the reply. */
  save(object: AnyState, type: string, before?: AnyState, request: RequestFacts = BY_HAND): Change {
    const previous =
      before === undefined ? undefined : previousAttributes(this.#rendered(before), this.#rendered(object));
    return this.#record(object, type, previous, request);
  }

  /** Also cancels the customer's subscriptions, as Stripe does. */
  deleteCustomer(customer: CustomerState, request: RequestFacts = BY_HAND): Change {
    const { rows } = this.subscriptions.page({
      limit: this.subscriptions.size,
      matches: (subscription) => subscription.customer === customer.id && subscription.status !== "canceled",
    }) ?? { rows: [] };
    for (const subscription of rows) this.cancel(subscription, request);
    return this.#record({ kind: "customers", state: customer, deleted: true }, "customer.deleted", undefined, request);
  }

  cancel(subscription: SubscriptionState, request: RequestFacts = BY_HAND): Change {
    const state: SubscriptionState = { ...subscription, status: "canceled", endedAt: this.seconds() };
    return this.save({ kind: "subscriptions", state }, "customer.subscription.deleted", undefined, request);
  }

  refund(charge: ChargeState, amount: number, request: RequestFacts = BY_HAND): Change {
    const state: RefundState = {
      id: this.newId("re"),
      created: this.seconds(),
      charge: charge.id,
      amount,
      currency: charge.currency,
      status: "succeeded",
      metadata: {},
    };
    const refund = this.save({ kind: "refunds", state }, "refund.created", undefined, request);
    const refunded: ChargeState = { ...charge, amountRefunded: charge.amountRefunded + amount };
    this.save({ kind: "charges", state: refunded }, "charge.refunded", { kind: "charges", state: charge }, request);
    return refund;
  }

  keepReply(key: string, kept: Idempotent): void {
    this.keys.keep(key, kept);
    this.#reply = { key, kept };
  }

  /** What happened since the last call, for the journal; undefined when nothing did. */
  takeEntry(): JournalEntry | undefined {
    if (this.#changes.length === 0 && this.#reply === undefined) return undefined;
    const entry: JournalEntry = {
      ids: this.#ids,
      clockOffset: this.#clockOffset,
      changes: this.#changes,
      events: this.#events,
      ...(this.#reply === undefined ? {} : { reply: this.#reply }),
    };
    this.#changes = [];
    this.#events = [];
    this.#reply = undefined;
    return entry;
  }

  replay(entry: JournalEntry): void {
    this.#ids = entry.ids;
    this.#clockOffset = entry.clockOffset;
    for (const change of entry.changes) this.#apply(change);
    for (const { of, ...facts } of entry.events) {
      const about = entry.changes[of];
      if (about !== undefined) this.events.put({ ...facts, about });
    }
    if (entry.reply !== undefined) this.keys.keep(entry.reply.key, entry.reply.kept);
  }

  #record(change: Change, type: string, previous: Record<string, unknown> | undefined, request: RequestFacts): Change {
    this.#apply(change);
    const facts: EventFacts = {
      id: this.newId("evt"),
      type,
      created: this.seconds(),
      visibleAt: this.now() + this.#faults.eventLagMs,
      apiVersion: this.#faults.eventApiVersion,
      request,
      ...(previous === undefined ? {} : { previous }),
    };
    this.events.removeBefore(facts.created - EVENTS_KEPT_SECONDS);
    this.events.put({ ...facts, about: change });
    this.#events.push({ ...facts, of: this.#changes.push(change) - 1 });
    return change;
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case "customers":
        if (change.deleted === true) {
          this.customers.remove(change.state.id);
          this.deletedCustomers.add(change.state.id);
        } else this.customers.put(change.state);
        return;
      case "charges":
        return this.charges.put(change.state);
      case "refunds":
        return this.refunds.put(change.state);
      case "subscriptions":
        return this.subscriptions.put(change.state);
    }
  }

  #rendered(object: AnyState) {
    return render(object, this.livemode);
  }
}
