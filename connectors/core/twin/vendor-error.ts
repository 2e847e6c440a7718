/** An answer that is an error, in the vendor's own body. */
export class VendorError extends Error {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;

  constructor(status: number, message: string, body: unknown, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** The refusals that every vendor has, each in its own words. The kit decides when. */
export interface VendorErrors {
  /** No or wrong credentials; `expired`: they were good before. */
  unauthorised(expired: boolean): VendorError;
  denied(permission: string): VendorError;
  /** `reason`: which of the vendor's limits, in its own word. */
  throttled(reason: string | undefined): VendorError;
  broken(status: number): VendorError;
  unknownRoute(method: string, path: string): VendorError;
  wrongMethod(method: string, path: string): VendorError;
  /** A body that is no JSON, or not of the form that the call takes. */
  invalidBody(where: string): VendorError;
}

export function withRetryAfter(error: VendorError, seconds: number | undefined): VendorError {
  if (seconds === undefined) return error;
  return new VendorError(error.status, error.message, error.body, { ...error.headers, "retry-after": String(seconds) });
}
