/** What HubSpot's SDK throws, turned into who has to act. */
import { z } from "zod";
import { ConnectorError } from "../core/errors.ts";
import { POLICY_WAIT_MS } from "./limits.ts";
import { errorBody } from "./schema.ts";

/** A call made through the SDK's plain request was refused; same form as the SDK's own exception. */
export class HubspotRefusal extends Error {
  readonly code: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;

  constructor(code: number, body: unknown, headers: Record<string, string>) {
    super(`HTTP ${code}`);
    this.code = code;
    this.body = body;
    this.headers = headers;
  }
}

// Every generated module has an ApiException class of its own, so its form is looked at, not its class.
const refusal = z.object({
  code: z.number().int(),
  body: z.unknown(),
  headers: z.record(z.string(), z.string()).optional(),
});

/** The machine-readable part of a refusal: problem codes and the properties they name. Never a value. */
export interface RefusedValues {
  codes: string[];
  properties: string[];
}

const refusedValues = new WeakMap<ConnectorError, RefusedValues>();

/** What a 400 said about single values; empty where it said nothing usable. */
export function refusedValuesOf(error: ConnectorError): RefusedValues {
  return refusedValues.get(error) ?? { codes: [], properties: [] };
}

/** @returns undefined when the error is not an answer of HubSpot: the network, or the SDK itself. */
export function classify(error: unknown): ConnectorError | undefined {
  const parsed = refusal.safeParse(error);
  if (!parsed.success) return undefined;
  const { code: status, headers = {} } = parsed.data;
  const body = errorBody.safeParse(parsed.data.body).data ?? {};
  const details = {
    status,
    ...(body.correlationId === undefined ? {} : { vendorRequestId: body.correlationId }),
    ...(body.category === undefined ? {} : { vendorCode: body.category }),
  };
  const asked = retryAfterMs(headers);

  if (status === 429) {
    const policy = body.policyName ?? "TEN_SECONDLY_ROLLING";
    const wait = asked ?? POLICY_WAIT_MS[policy] ?? POLICY_WAIT_MS.TEN_SECONDLY_ROLLING;
    const message =
      policy === "DAILY"
        ? "HubSpot's daily call limit is used up. It resets at midnight in the account's time zone, which the reply does not tell; trying again from time to time."
        : "HubSpot asks us to slow down.";
    return new ConnectorError("rate_limited", message, {
      ...details,
      vendorCode: policy,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    });
  }
  if (status === 477)
    return new ConnectorError("rate_limited", "HubSpot is moving this account to another data centre.", {
      ...details,
      retryAfterMs: asked ?? 3_600_000,
    });
  if (status === 401)
    return new ConnectorError("auth", "HubSpot refuses the access token. Connect the account again.", details);
  if (status === 403) {
    const scopes = namedIn(body, "requiredGranularScopes", "requiredScopes");
    const message =
      scopes.length === 0
        ? "HubSpot does not allow this call: a permission or the account's plan is missing."
        : `HubSpot asks for a permission this connection lacks: ${scopes.join(", ")}. Connect again and grant it.`;
    return new ConnectorError("permission", message, details);
  }
  if (status >= 500 || status === 408 || status === 423)
    return new ConnectorError("transient", `HubSpot answered ${status}.`, {
      ...details,
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    });
  if (status >= 400) {
    const codes = (body.errors ?? []).flatMap((problem) => problem.code ?? []);
    const properties = namedIn(body, "propertyName");
    const what = [...new Set(codes), ...new Set(properties)].join(", ");
    const failure = new ConnectorError(
      "invalid_record",
      `HubSpot refused the call with ${status}${what === "" ? "" : ` (${what})`}.`,
      details,
    );
    refusedValues.set(failure, { codes: [...new Set(codes)], properties: [...new Set(properties)] });
    return failure;
  }
  return new ConnectorError("contract", `HubSpot answered with status ${status}, which we do not know here.`, details);
}

function namedIn(body: z.infer<typeof errorBody>, ...keys: string[]): string[] {
  const values = (body.errors ?? []).flatMap(({ context }) => keys.flatMap((key) => context?.[key] ?? []));
  return values.filter((value) => typeof value === "string" && /^[\w.-]+$/.test(value)).map(String);
}

/** `Retry-After` in seconds or as a date. */
function retryAfterMs(headers: Record<string, string>): number | undefined {
  const text = Object.entries(headers).find(([name]) => name.toLowerCase() === "retry-after")?.[1];
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const from = Object.entries(headers).find(([name]) => name.toLowerCase() === "date")?.[1];
  const wait = Date.parse(text) - Date.parse(from ?? "");
  return Number.isFinite(wait) && wait > 0 ? wait : undefined;
}
