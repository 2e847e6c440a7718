/** `POST /communication-preferences/v4/statuses/batch/read`. */
import { z } from "zod";
import type { Account } from "./account.ts";
import { multiStatus, parsed } from "./objects-api.ts";
import type { Answer } from "./objects-api.ts";
import { invalidInput } from "./vendor-error.ts";

const body = z.strictObject({ inputs: z.array(z.string().min(1)).min(1).max(100) });

export function readStatuses(account: Account, input: unknown, channel: string | null): Answer {
  if (channel !== "EMAIL") throw invalidInput("channel must be EMAIL");
  const { inputs } = parsed(body, input);
  if (inputs.some((email) => !/^[^\s@]+@[^\s@]+$/.test(email)))
    throw invalidInput("One of the addresses is not valid.");
  const results = inputs.map((email) => {
    const contact = account.contactByEmail(email);
    return {
      subscriberIdString: email,
      statuses: [...account.subscriptionTypes].map(([id, name]) => {
        const stated = contact?.statuses.find((status) => status.subscriptionId === id);
        return {
          businessUnitId: 0,
          channel,
          subscriberIdString: email,
          subscriptionId: Number(id),
          subscriptionName: name,
          status: stated?.status ?? "NOT_SPECIFIED",
          source: stated?.source ?? "",
          legalBasis: stated?.legalBasis ?? null,
          legalBasisExplanation: stated?.legalBasisExplanation ?? null,
          timestamp: stated?.timestamp ?? null,
        };
      }),
    };
  });
  return multiStatus(results, []);
}
