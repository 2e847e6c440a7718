/** Klaviyo's refusals, turned into who has to act. Its own sentences quote values and keys: never shown. */
import { z } from "zod";
import { httpErrors } from "#connectors/core/http-errors.ts";
import type { VendorAnswer } from "#connectors/core/http-errors.ts";
import { HttpRefusal } from "#connectors/core/http.ts";

/** A refusal, and which scopes the call needs: the refusal itself does not reliably name them. */
export class KlaviyoRefusal extends HttpRefusal {
  readonly scopes: readonly string[];

  constructor(refusal: HttpRefusal, scopes: readonly string[]) {
    super(refusal.status, refusal.headers, refusal.body);
    this.scopes = scopes;
  }
}

const word = z.string().optional().catch(undefined);
const errorBody = z.object({
  errors: z.array(
    z.object({
      id: word,
      code: word,
      detail: word,
      source: z.object({ pointer: word, parameter: word }).optional().catch(undefined),
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
    const scopes = error instanceof KlaviyoRefusal ? error.scopes : [];
    const code = status === 400 && first?.source?.parameter === "page[cursor]" ? "lost_place" : first?.code;
    return { status, headers, code, requestId: first?.id, foreign: body === undefined, scopes };
  },
  statuses: {
    401: { kind: "auth", say: "Klaviyo rejected the API key: it was deleted or mistyped." },
    403: {
      kind: "permission",
      say: ({ scopes }) =>
        scopes.length === 0
          ? "Klaviyo does not allow this call: a scope of the API key is missing."
          : `Klaviyo does not allow this call, which needs ${scopes.join(" and ")}. A key's scopes cannot be changed: make a new private key with them and connect again.`,
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
