/** How an app proves itself. Written by hand where vendors differ from the standard: most take id and secret as they are. */
import type { ClientAuth } from "openid-client";
import type { OAuthClient, SignIn } from "./sign-in.ts";

/**
 * RFC 6749 has id and secret percent-encoded before they are joined; vendors that hand out ids with hyphens compare them
 * as they are: https://github.com/panva/oauth4webapi/issues/199 (2026-11).
 */
export function authenticated({ authenticate }: Pick<SignIn, "authenticate">, { id, secret }: OAuthClient): ClientAuth {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
  return (_server, _client, body, headers) => {
    switch (authenticate) {
      case "body":
        body.set("client_id", id);
        body.set("client_secret", secret);
        return;
      case "basic":
        headers.set("authorization", basic(`${id}:${secret}`));
        return;
      case "bearer":
        headers.set("authorization", `Bearer ${secret}`);
        return;
      case "basic-secret":
        headers.set("authorization", basic(`${secret}:`));
        return;
      default:
        throw new Error(`There is no way to authenticate called ${String(authenticate satisfies never)}.`);
    }
  };
}
