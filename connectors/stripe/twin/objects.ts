/** What the twin keeps of each object, and how it is made from a seed. States are replaced, never changed in place. */
import type { Stored } from "./collection.ts";
import type { StripeSeed } from "./seed.ts";

type Seeded<Kind extends keyof StripeSeed> = StripeSeed[Kind][number];

export interface CustomerState extends Stored {
  readonly email: string | null;
  readonly name: string | null;
  readonly phone: string | null;
  readonly description: string | null;
  readonly country: string | null;
  readonly postcode: string | null;
  readonly city: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ChargeState extends Stored, Omit<Seeded<"charges">, "createdAt"> {
  readonly captured: boolean;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface RefundState extends Stored, Omit<Seeded<"refunds">, "createdAt"> {
  readonly metadata: Readonly<Record<string, string>>;
}

export interface SubscriptionState extends Stored, Omit<Seeded<"subscriptions">, "startedAt" | "currentPeriodEnd" | "endedAt"> {
  readonly periodEnd: number;
  readonly endedAt: number | null;
}

export interface States {
  customers: CustomerState;
  charges: ChargeState;
  refunds: RefundState;
  subscriptions: SubscriptionState;
}
export type Kind = keyof States;

/** An object of any kind, tagged. */
export type AnyState = { [K in Kind]: { kind: K; state: States[K] } }[Kind];

export function customerFrom(seed: Seeded<"customers">): CustomerState {
  const { id, email, name, phone, country, postcode, city, createdAt, metadata = {} } = seed;
  return { id, created: secondsOf(createdAt), email, name, phone, description: null, country, postcode, city, metadata };
}

export function chargeFrom({ createdAt, ...seed }: Seeded<"charges">): ChargeState {
  return { ...seed, created: secondsOf(createdAt), captured: seed.status === "succeeded", metadata: {} };
}

export function refundFrom({ createdAt, ...seed }: Seeded<"refunds">): RefundState {
  return { ...seed, created: secondsOf(createdAt), metadata: {} };
}

export function subscriptionFrom({ startedAt, currentPeriodEnd, endedAt, ...seed }: Seeded<"subscriptions">): SubscriptionState {
  return {
    ...seed,
    created: secondsOf(startedAt),
    periodEnd: secondsOf(currentPeriodEnd),
    endedAt: endedAt === null ? null : secondsOf(endedAt),
  };
}

function secondsOf(instant: string): number {
  return Math.floor(Date.parse(instant) / 1000);
}
