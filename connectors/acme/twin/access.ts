/** Who may call the twin: an API key. */
import type { TwinDefinition } from "#connectors/core/twin/route.ts";
import type { AcmeAccount } from "./account.ts";

export interface Access {
  /** The token it accepts. */
  token: string;
}

/** @param token the one the account accepts */
export function accessTo(_account: AcmeAccount, token = "acme_key_of_the_twin") {
  const access: Access = { token };
  const definition: Pick<TwinDefinition, "authorised"> = {
    authorised: ({ authorization }) => authorization === `Bearer ${token}`,
  };
  return { access, definition };
}
