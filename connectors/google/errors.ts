/** Google's refusals, the same form in all of its APIs (AIP-193), and those of its token address (RFC 6749). */
import { z } from "zod";
import type { ConnectorError } from "#connectors/core/errors.ts";
import { httpErrors } from "#connectors/core/http-errors.ts";
import type { HttpErrorTable, VendorAnswer } from "#connectors/core/http-errors.ts";
import { HttpRefusal, jsonOf } from "#connectors/core/http.ts";

export interface GoogleAnswer extends VendorAnswer {
  /** Of `details`: machine-readable, as `SERVICE_DISABLED`. */
  reason: string | undefined;
  /** The vendor's sentence: to be looked into, never to be shown. */
  message: string;
  /** Named in the body, not in a header. */
  retryDelayMs: number | undefined;
}

/** What an API says in a form of its own besides. */
export type Detail = Partial<Pick<GoogleAnswer, "code" | "requestId" | "retryDelayMs">>;

const refusal = z.object({
  error: z.object({
    status: z.string().nullish(),
    message: z.string().nullish(),
    details: z
      .array(
        z.looseObject({
          reason: z.string().optional(),
          retryDelay: z.unknown().optional(),
          requestId: z.unknown().optional(),
        }),
      )
      .nullish(),
  }),
});
const tokenRefusal = z.object({ error: z.string(), error_description: z.string().nullish() });

/** Named when one is looked at: to name the class loads all of Node's `fetch`, which most commands never call. */
const replyHeaders = z.custom<Headers>((value) => value instanceof Headers);
/** What google-auth-library throws: its own error around the reply. */
const wrapped = z.object({
  response: z.object({ status: z.number(), headers: replyHeaders, data: z.unknown() }),
});

function refusedBy(error: unknown): Pick<HttpRefusal, "status" | "headers" | "body"> | undefined {
  if (error instanceof HttpRefusal) return error;
  const found = wrapped.safeParse(error);
  if (!found.success) return undefined;
  const { status, headers, data } = found.data.response;
  return { status, headers, body: typeof data === "string" ? jsonOf(data) : data };
}

/** `1.5s`, as Google writes durations in JSON. */
export function durationMs(written: unknown): number | undefined {
  const [, seconds] = typeof written === "string" ? (/^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(written) ?? []) : [];
  return seconds === undefined ? undefined : Math.ceil(Number(seconds) * 1_000);
}

function answerOf(error: unknown, detailOf?: (body: unknown) => Detail): GoogleAnswer | undefined {
  const refused = refusedBy(error);
  if (refused === undefined) return undefined;
  const { status, headers, body } = refused;
  const said = refusal.safeParse(body).data?.error;
  const token = tokenRefusal.safeParse(body).data;
  return {
    status,
    headers,
    code: said?.status ?? token?.error,
    reason: said?.details?.find(({ reason }) => reason !== undefined)?.reason,
    message: said?.message ?? token?.error_description ?? "",
    retryDelayMs: said?.details?.map(({ retryDelay }) => durationMs(retryDelay)).find((ms) => ms !== undefined),
    requestId: said?.details?.map(({ requestId }) => requestId).find((id) => typeof id === "string"),
    ...detailOf?.(body),
    foreign: said === undefined && token === undefined,
  };
}

/**
 * `classify` for one of Google's APIs.
 *
 * @param needs the scope and the role that are missing where Google says 403, to a person
 */
export function googleErrors(
  title: string,
  needs: string,
  table: Pick<HttpErrorTable<GoogleAnswer>, "statuses" | "codes"> & { detailOf?(body: unknown): Detail },
): (error: unknown) => ConnectorError | undefined {
  return httpErrors<GoogleAnswer>({
    title,
    answerOf: (error) => answerOf(error, table.detailOf),
    refused: "contract",
    statuses: {
      401: { kind: "auth", say: `${title}: Google rejected the credentials. Connect the account again.` },
      403: {
        kind: "permission",
        say: ({ reason }) =>
          reason === "SERVICE_DISABLED"
            ? `${title}: the API is not enabled in the Google Cloud project that the credentials belong to. Enable it there.`
            : `${title}: Google does not allow this: ${needs} is missing.`,
      },
      ...table.statuses,
    },
    codes: {
      // Of the token address: revoked, expired, a wrong key. Trying again never helps.
      invalid_grant: {
        kind: "auth",
        status: 400,
        say: `${title}: Google no longer accepts the credentials. Connect the account again.`,
      },
      invalid_client: { kind: "auth", status: 401 },
      unauthorized_client: { kind: "auth", status: 401 },
      ABORTED: { kind: "transient", status: 409 },
      ...table.codes,
    },
  });
}
