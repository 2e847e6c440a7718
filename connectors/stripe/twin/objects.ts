/** What the twin keeps of each object, and how it is made from a seed. States are replaced, never changed in place. */
import type { Row } from "#connectors/core/twin/table.ts";
import type { StripeSeed } from "./seed.ts";

type Seeded<Kind extends keyof StripeSeed> = StripeSeed[Kind][number];

interface Stored extends Row {
  /** Seconds. */
  created: number;
  deleted?: boolean;
}

export interface CustomerState extends Stored {
  email: string | null;
  name: string | null;
  phone: string | null;
  description: string | null;
  country: string | null;
  postcode: string | null;
  city: string | null;
  line1?: string | null;
  line2?: string | null;
  state?: string | null;
  metadata: Record<string, string>;
}

export interface ChargeState extends Stored, Omit<Seeded<"charges">, "id" | "createdAt"> {
  captured: boolean;
  metadata: Record<string, string>;
}

export interface RefundState extends Stored, Omit<Seeded<"refunds">, "id" | "createdAt"> {
  metadata: Record<string, string>;
}

export interface SubscriptionState
  extends Stored, Omit<Seeded<"subscriptions">, "id" | "startedAt" | "currentPeriodEnd" | "endedAt"> {
  periodEnd: number;
  endedAt: number | null;
}

export interface States {
  customers: CustomerState;
  charges: ChargeState;
  refunds: RefundState;
  subscriptions: SubscriptionState;
}
export type Kind = keyof States;

export function customerFrom({ createdAt, metadata = {}, ...seed }: Seeded<"customers">): CustomerState {
  return { ...seed, created: secondsOf(createdAt), description: null, metadata };
}

export function chargeFrom({ createdAt, ...seed }: Seeded<"charges">): ChargeState {
  return { ...seed, created: secondsOf(createdAt), captured: seed.status === "succeeded", metadata: {} };
}

export function refundFrom({ createdAt, ...seed }: Seeded<"refunds">): RefundState {
  return { ...seed, created: secondsOf(createdAt), metadata: {} };
}

export function subscriptionFrom({
  startedAt,
  currentPeriodEnd,
  endedAt,
  ...seed
}: Seeded<"subscriptions">): SubscriptionState {
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
