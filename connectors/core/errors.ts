/** What went wrong with a vendor, grouped by who has to act: the closed set every connector translates into. */
export type ConnectorErrorKind =
  | "rate_limited"
  | "transient"
  | "auth"
  | "permission"
  | "cursor_expired"
  | "invalid_record"
  | "contract";

export interface ConnectorErrorDetails {
  /** `rate_limited`: how long the vendor asks us to wait. */
  retryAfterMs?: number;
  /** `rate_limited`: every call of the account has to wait, not only those of the same bucket. */
  wholeAccount?: boolean;
  /** `rate_limited`: it was the pace of all calls together, not of those of the same bucket. */
  wholePace?: boolean;
  /** Vendor's correlation or request id, for their support. */
  vendorRequestId?: string;
  status?: number;
  /** Vendor's own machine-readable code. */
  vendorCode?: string;
  cause?: unknown;
}

/**
 * The only error a connector throws. The message is for the person who must act and holds no personal data and no
 * secret; facts for us are in `details`.
 */
export class ConnectorError extends Error {
  override readonly name = "ConnectorError";
  readonly kind: ConnectorErrorKind;
  readonly details: Omit<ConnectorErrorDetails, "cause">;

  constructor(kind: ConnectorErrorKind, message: string, details: ConnectorErrorDetails = {}) {
    const { cause, ...rest } = details;
    super(message, { cause });
    this.kind = kind;
    this.details = rest;
  }

  /** Trying the same call again can help. */
  get retryable(): boolean {
    return this.kind === "rate_limited" || this.kind === "transient";
  }
}
