/** Google's authorization server, for the twins of its tools. */
import { LOCAL_CLIENT, type SignIn } from "#connectors/core/oauth/sign-in.ts";
import type { TwinAccount } from "#connectors/core/twin/account.ts";
import { authorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import type { Call, Route, Routes } from "#connectors/core/twin/route.ts";

const LIFE_SECONDS = 3_599;
/** Unused for six months a refresh token ends. */
const UNUSED_DAYS = 183;

/** Who may see the twin's account, and somebody who may not. */
export const OWNER = "owner@example.com";
const STRANGER = "somebody-else@example.com";

export function googleAuthorization(
  title: string,
  account: TwinAccount,
  { scopes }: SignIn,
  apps?: AuthorizationServerOptions["apps"],
): AuthorizationServer {
  return authorizationServer({
    ...{ title, account },
    apps,
    accounts: [
      { id: OWNER, title: "Who may see this account" },
      { id: STRANGER, title: "Who may not" },
    ],
    paths: { authorize: "/o/oauth2/v2/auth", token: "/token", revoke: "/revoke" },
    scopes: Object.fromEntries([...scopes.required, ...scopes.optional].map(({ name, purpose }) => [name, purpose])),
    // Each has a box of its own on Google's page.
    optionalParameter: null,
    ...{ authenticate: "body", pkce: "offered", accessSeconds: LIFE_SECONDS, accessPrefix: "ya29" },
    ...{ refresh: "silent", unusedDays: UNUSED_DAYS },
    isOffline: (asked) => asked.get("access_type") === "offline" && asked.get("prompt") === "consent",
    answer: ({ access, scopes: granted }, refreshToken) => ({
      ...{ access_token: access, expires_in: LIFE_SECONDS, token_type: "Bearer", scope: granted.join(" ") },
      ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
    }),
  });
}

/** Whether a request carries the token of a sign-in that may do this. */
export function letsIn(server: AuthorizationServer, headers: Call["headers"], scope: string): boolean {
  const token = server.tokenOf(headers);
  return token !== null && token.account === OWNER && token.scopes.includes(scope);
}

/** One token address for everybody: an app's sign-ins go to the authorization server, anything else where it went before. */
export function besides(server: AuthorizationServer, before: Route): Routes {
  const signIns = server.open["POST /token"];
  if (signIns === undefined) throw new Error("The authorization server has no token address.");
  const isSignIn = ({ text }: Call) => {
    const form = new URLSearchParams(text);
    return form.get("grant_type") === "authorization_code" || form.get("client_id") === LOCAL_CLIENT.id;
  };
  return {
    ...server.open,
    "POST /token": { ...signIns, handle: (call) => (isSignIn(call) ? signIns : before).handle(call) },
  };
}
