/** What a Stripe twin is filled with. Times are ISO instants; the twin answers in Stripe's own shapes. */
export interface StripeSeed {
  customers: {
    id: string;
    email: string | null;
    name: string | null;
    phone: string | null;
    country: string | null;
    postcode: string | null;
    city: string | null;
    /** Null where left out. */
    line1?: string | null;
    line2?: string | null;
    state?: string | null;
    createdAt: string;
    deleted?: boolean;
    metadata?: Record<string, string>;
  }[];
  charges: {
    id: string;
    /** Null: a guest checkout or a till sale. */
    customer: string | null;
    billing: {
      email: string | null;
      name: string | null;
      phone: string | null;
      country: string | null;
      postcode: string | null;
    };
    receiptEmail: string | null;
    amount: number;
    amountRefunded: number;
    /** Lower case, as Stripe writes it. */
    currency: string;
    status: "succeeded" | "pending" | "failed";
    cardPresent: boolean;
    fingerprint: string | null;
    createdAt: string;
  }[];
  refunds: {
    id: string;
    charge: string;
    amount: number;
    currency: string;
    status: "succeeded" | "pending" | "failed";
    createdAt: string;
  }[];
  subscriptions: {
    id: string;
    customer: string;
    status: "active" | "trialing" | "past_due" | "canceled" | "paused";
    amount: number;
    currency: string;
    interval: "day" | "week" | "month" | "year";
    startedAt: string;
    currentPeriodEnd: string;
    endedAt: string | null;
  }[];
}
