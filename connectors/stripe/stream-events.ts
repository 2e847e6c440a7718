/** Which events tell of a change in which stream: in the list of events, and sent to an endpoint. At most 20 a stream. */
export const STREAM_EVENTS = {
  customers: ["customer.created", "customer.updated", "customer.deleted"],
  charges: [
    "charge.succeeded",
    "charge.pending",
    "charge.failed",
    "charge.captured",
    "charge.expired",
    "charge.refunded",
    "charge.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
  ],
  refunds: ["refund.created", "refund.updated", "refund.failed", "charge.refund.updated"],
  subscriptions: [
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
  ],
} as const satisfies Record<string, readonly string[]>;
