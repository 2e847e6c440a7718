import { randomUUID } from "node:crypto";

interface ErrorExtras {
  errors?: { message: string; code?: string; context?: Record<string, string[]> }[];
  context?: Record<string, string[]>;
  subCategory?: string;
  headers?: Record<string, string>;
  /** Set on 429 only. */
  policyName?: string;
}

/** An answer that is an error, in HubSpot's own body. Source: https://developers.hubspot.com/docs/api-reference/error-handling (2026-11). */
export class VendorError extends Error {
  readonly status: number;
  readonly category: string;
  readonly extras: ErrorExtras;

  constructor(status: number, category: string, message: string, extras: ErrorExtras = {}) {
    super(message);
    this.status = status;
    this.category = category;
    this.extras = extras;
  }

  body(): Record<string, unknown> {
    const { headers: _, policyName, ...rest } = this.extras;
    const common = { status: "error", message: this.message, correlationId: randomUUID() };
    if (this.status === 429) return { ...common, errorType: "RATE_LIMIT", policyName, requestId: randomUUID() };
    return { ...common, category: this.category, ...rest };
  }
}

export function invalidInput(message: string, extras: ErrorExtras = {}): VendorError {
  return new VendorError(400, "VALIDATION_ERROR", message, extras);
}

export function notFound(message = "resource not found"): VendorError {
  return new VendorError(404, "OBJECT_NOT_FOUND", message);
}
