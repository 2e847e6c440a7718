/** Leave to write, for what the suite writes. */
import { issueGrant } from "../grant.ts";

export const grant = issueGrant({
  profileId: "00000000-0000-8000-8000-000000000000",
  uses: [{ purpose: "personalisation", channel: "any" }],
  entryIds: [],
  rulesVersion: "contract-suite",
  decidedAt: "2026-01-01T00:00:00.000Z",
});
