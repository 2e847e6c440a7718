/** Stripe's error replies. */

export interface ApiErrorBody {
  type: "invalid_request_error" | "api_error" | "idempotency_error";
  message: string;
  code?: string;
  param?: string;
}

export class ApiError extends Error {
  readonly status: number;
  readonly body: ApiErrorBody;
  readonly headers: Record<string, string>;

  constructor(status: number, body: ApiErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

export function invalid(message: string, code: string, param: string): ApiError {
  return new ApiError(400, { type: "invalid_request_error", message, code, param });
}

/** 404 for the object a URL names; a parameter that names a missing object is 400. */
export function missing(what: string, id: string, param = "id", status = 404): ApiError {
  const message = `No such ${what}: '${id}'`;
  return new ApiError(status, { type: "invalid_request_error", message, code: "resource_missing", param });
}

export function serverError(): ApiError {
  return new ApiError(500, {
    type: "api_error",
    message: "An unknown error occurred. If you have any questions, you can contact us at https://support.stripe.com/.",
  });
}
