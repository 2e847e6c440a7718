/** Klaviyo's refusals, turned into who has to act. Its own sentences quote values and keys: never shown. */
import { z } from "zod";
import { httpErrors } from "#connectors/core/http-errors.ts";
import type { VendorAnswer } from "#connectors/core/http-errors.ts";
import { HttpRefusal } from "#connectors/core/http.ts";

/** What the refusal itself does not reliably say of the call. */
export interface RefusedCall {
  /** Those it needs. */
  scopes: readonly string[];
  /** It asked for a page by cursor. */
  byCursor: boolean;
}

export class KlaviyoRefusal extends HttpRefusal {
  readonly refused: RefusedCall;

  constructor(refusal: HttpRefusal, refused: RefusedCall) {
    super(refusal.status, refusal.headers, refusal.body);
    this.refused = refused;
  }
}

const word = z.string().optional().catch(undefined);
const errorBody = z.object({
  errors: z.array(
    z.object({
      id: word,
      code: word,
    }),
  ),
});

interface Answer extends VendorAnswer {
  scopes: readonly string[];
}

export const classify = httpErrors<Answer>({
  title: "Klaviyo",
  answerOf(error) {
    if (!(error instanceof HttpRefusal)) return undefined;
    const { status, headers } = error;
    const body = errorBody.safeParse(error.body).data;
    const first = body?.errors[0];
    const { scopes, byCursor } = error instanceof KlaviyoRefusal ? error.refused : { scopes: [], byCursor: false };
    // A call that was right for the first page is wrong for its cursor alone.
    const code = status === 400 && byCursor ? "lost_place" : first?.code;
    return { status, headers, code, requestId: first?.id, foreign: body === undefined, scopes };
  },
  statuses: {
    401: { kind: "auth", say: "Klaviyo rejected the API key or sign-in: it was deleted, ended or mistyped." },
    403: {
      kind: "permission",
      say: ({ scopes }) =>
        scopes.length === 0
          ? "Klaviyo does not allow this call: a scope of the API key is missing."
          : `Klaviyo does not allow this call, which needs ${scopes.join(" and ")}. A key's scopes cannot be changed: make a new private key with them, or sign in, and connect again.`,
    },
    // A revision that is no longer served.
    410: {
      kind: "contract",
      say: "Klaviyo no longer answers the API revision this release was written for; update Tributary.",
    },
  },
  codes: {
    lost_place: { kind: "cursor_expired", status: 400 },
  },
});
