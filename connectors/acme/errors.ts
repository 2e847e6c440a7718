/** Acme's refusals, told as who has to act. Its own sentences can quote values: they are never shown. */
import { z } from "zod";
import { httpErrors } from "#connectors/core/http-errors.ts";
import type { VendorAnswer } from "#connectors/core/http-errors.ts";
import { HttpRefusal } from "#connectors/core/http.ts";

interface Answer extends VendorAnswer {
  permission: string | undefined;
}

const errorBody = z.object({
  error: z.object({ code: z.string(), request_id: z.string().optional(), permission: z.string().optional() }),
});

export const classify = httpErrors<Answer>({
  title: "Acme",
  answerOf(error) {
    if (!(error instanceof HttpRefusal)) return undefined;
    const { status, headers, body } = error;
    const said = errorBody.safeParse(body).data?.error;
    return {
      ...{ status, headers, code: said?.code, requestId: said?.request_id },
      ...{ permission: said?.permission, foreign: said === undefined },
    };
  },
  statuses: {
    403: {
      kind: "permission",
      say: ({ permission = "a permission" }) => `Acme does not allow this call, which needs ${permission}.`,
    },
  },
  codes: { invalid_cursor: { kind: "cursor_expired" } },
});
