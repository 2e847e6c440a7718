/** Who may call a twin whose people can sign in. */
import type { TokenRow } from "./authorization-server.ts";
import type { Call, TwinDefinition } from "./route.ts";

/**
 * The account's own key, which is good for everything, or the token of a sign-in.
 *
 * @param may whether such a token is good for a route's permission
 */
export function keyOrSignIn(
  isKey: (headers: Call["headers"]) => boolean,
  tokenOf: (headers: Call["headers"]) => TokenRow | null,
  may: (token: TokenRow, permission: string) => boolean,
): Required<Pick<TwinDefinition, "authorised" | "grants">> {
  return {
    authorised: (headers) => isKey(headers) || tokenOf(headers) !== null,
    grants(headers, permission) {
      if (isKey(headers)) return true;
      const token = tokenOf(headers);
      return token !== null && may(token, permission);
    },
  };
}
