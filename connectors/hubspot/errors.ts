/** HubSpot's refusals, turned into who has to act. */
import { z } from "zod";
import { ConnectorError } from "../core/errors.ts";
import { httpErrors } from "../core/http-errors.ts";
import type { VendorAnswer } from "../core/http-errors.ts";
import { HttpRefusal } from "../core/http.ts";
import { DAILY_RECHECK_MS, MOVING_WAIT_MS, WINDOW_WAIT_MS } from "./limits.ts";
import { errorBody } from "./schema.ts";

/** A refusal for the day, with how long the account's day still lasts; null: its time zone is not known. */
export class DayUsedUp extends HttpRefusal {
  readonly untilMidnightMs: number | null;

  constructor(refusal: HttpRefusal, untilMidnightMs: number | null) {
    super(refusal.status, refusal.headers, refusal.body);
    this.untilMidnightMs = untilMidnightMs;
  }
}

/** Whether the day's calls are used up: the body names the policy, and where a proxy answered, the header counts them. */
export function isDayUsedUp(error: unknown): error is HttpRefusal {
  if (!(error instanceof HttpRefusal) || error.status !== 429) return false;
  const { policyName } = bodyOf(error);
  return (
    policyName === "DAILY" ||
    (policyName === undefined && error.headers.get("x-hubspot-ratelimit-daily-remaining") === "0")
  );
}

/** Whether HubSpot itself refused, as opposed to a proxy before it with a page of its own. */
export function saysHubspot({ body }: HttpRefusal): boolean {
  return typeof body === "object" && body !== null && !Array.isArray(body);
}

interface Answer extends VendorAnswer {
  body: z.infer<typeof errorBody>;
  /** Milliseconds; undefined: the day is not used up. */
  dayLastsMs: number | undefined;
}

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

const judged = httpErrors<Answer>({
  title: "HubSpot",
  answerOf: (error) => {
    if (!(error instanceof HttpRefusal)) return undefined;
    const { status, headers } = error;
    const body = bodyOf(error);
    const dayLastsMs = error instanceof DayUsedUp ? (error.untilMidnightMs ?? DAILY_RECHECK_MS) : undefined;
    const code = status === 429 ? body.policyName : body.category;
    return { status, headers, code, requestId: body.correlationId, foreign: !saysHubspot(error), body, dayLastsMs };
  },
  statuses: {
    429: {
      kind: "rate_limited",
      say: ({ dayLastsMs }) =>
        dayLastsMs === undefined
          ? "HubSpot asks us to slow down."
          : "HubSpot's daily call limit is used up until midnight in the account's time zone.",
      waitMs: ({ body, dayLastsMs }, asked) =>
        dayLastsMs === undefined
          ? (asked ?? WINDOW_WAIT_MS[body.policyName ?? ""] ?? WINDOW_WAIT_MS.TEN_SECONDLY_ROLLING)
          : Math.max(dayLastsMs, asked ?? 0),
      wholeAccount: ({ dayLastsMs }) => dayLastsMs !== undefined,
    },
    477: {
      kind: "rate_limited",
      say: "HubSpot is moving this account to another data centre.",
      waitMs: MOVING_WAIT_MS,
      wholeAccount: true,
    },
    403: {
      kind: "permission",
      say: ({ body }) => {
        const scopes = namedIn(body, "requiredGranularScopes", "requiredScopes");
        return scopes.length === 0
          ? "HubSpot does not allow this call: a permission or the account's plan is missing."
          : `HubSpot asks for a permission this connection lacks: ${scopes.join(", ")}. Connect again and grant it.`;
      },
    },
    400: {
      kind: "invalid_record",
      say: ({ body }) => {
        const { codes, properties } = valuesIn(body);
        const what = [...codes, ...properties].join(", ");
        return `HubSpot refused the call with 400${what === "" ? "" : ` (${what})`}.`;
      },
    },
  },
});

/** @returns undefined when the error is not an answer of HubSpot: the network, or the SDK itself. */
export function classify(error: unknown): ConnectorError | undefined {
  const failure = judged(error);
  if (failure !== undefined && error instanceof HttpRefusal) refusedValues.set(failure, valuesIn(bodyOf(error)));
  return failure;
}

/** Every field is optional, as HubSpot asks clients to treat it; and it may be a proxy's page. */
function bodyOf({ body }: HttpRefusal): z.infer<typeof errorBody> {
  return errorBody.safeParse(body).data ?? {};
}

function valuesIn(body: z.infer<typeof errorBody>): RefusedValues {
  const codes = (body.errors ?? []).flatMap(({ code }) => (code !== undefined && /^[\w.]+$/.test(code) ? [code] : []));
  return { codes: [...new Set(codes)], properties: [...new Set(namedIn(body, "propertyName"))] };
}

function namedIn(body: z.infer<typeof errorBody>, ...keys: string[]): string[] {
  const values = (body.errors ?? []).flatMap(({ context }) => keys.flatMap((key) => context?.[key] ?? []));
  return values.filter((value) => typeof value === "string" && /^[\w.-]+$/.test(value)).map(String);
}
