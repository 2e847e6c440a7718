/** Who may call the twin: whoever signed in, and tests, which have a token that nobody signed in for. */
import { keyOrSignIn } from "#connectors/core/twin/access.ts";
import { authorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { AuthorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { Call, TwinDefinition } from "#connectors/core/twin/route.ts";
import { signIn } from "../sign-in.ts";
import type { AcmeAccount } from "./account.ts";
import { ACCOUNT } from "./routes.ts";

export interface Access {
  /** A token that was not signed in for and may do everything. */
  token: string;
  readonly signIn: AuthorizationServer;
}

const ACCESS_SECONDS = 3_600;

/** @param token the one that needs no sign-in */
export function accessTo(account: AcmeAccount, token = "acme_at_of_the_twin") {
  const { required, optional } = signIn.scopes;
  const server = authorizationServer({
    title: "Acme",
    account,
    accounts: [{ id: ACCOUNT.id, title: ACCOUNT.name }],
    paths: { authorize: "/oauth/authorize", token: "/oauth/token", revoke: "/oauth/revoke" },
    scopes: Object.fromEntries([...required, ...optional].map(({ name, purpose }) => [name, purpose])),
    authenticate: "basic",
    pkce: "required",
    accessSeconds: ACCESS_SECONDS,
    accessPrefix: "acme_at",
    refresh: "rotate",
    answer: ({ access, scopes }, refreshToken) => ({
      ...{ access_token: access, refresh_token: refreshToken, expires_in: ACCESS_SECONDS, token_type: "bearer" },
      scope: scopes.join(" "),
    }),
  });
  const isToken = ({ authorization }: Call["headers"]) => authorization === `Bearer ${token}`;
  const access: Access = { token, signIn: server };
  const definition: Pick<TwinDefinition, "authorised" | "grants" | "parts"> = {
    ...keyOrSignIn(isToken, server.tokenOf, ({ scopes }, permission) => scopes.includes(permission)),
    parts: [server],
  };
  return { access, definition };
}
