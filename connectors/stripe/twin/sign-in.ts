/** Stripe's two authorization servers: Connect's, whose tokens stay, and that of Stripe Apps, whose refresh tokens rotate. */
import { authorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import type { StripeAccount } from "./account.ts";

export const ACCOUNT_ID = "acct_1TwinTwinTwinTwin";
/** A second account that a person can choose by mistake. It holds nothing: only who it is can be asked. */
const SISTER_ID = "acct_1SisterSisterSis";

export interface StripeSignIns {
  connect: AuthorizationServer;
  app: AuthorizationServer;
}

export function signInsOf(account: StripeAccount, apps: AuthorizationServerOptions["apps"] | undefined): StripeSignIns {
  const shared = {
    ...{ title: "Stripe", account, pkce: "refused" as const },
    apps,
    accounts: [
      { id: ACCOUNT_ID, title: "This account" },
      { id: SISTER_ID, title: "Another account, which is empty" },
    ],
  };
  const mode = account.livemode ? "live" : "test";
  const answer: AuthorizationServerOptions["answer"] = ({ access, account: id, scopes }, refreshToken) => ({
    ...{ access_token: access, refresh_token: refreshToken, token_type: "bearer", livemode: account.livemode },
    ...{ stripe_user_id: id, stripe_publishable_key: `pk_${mode}_twin`, scope: scopes[0] ?? "stripe_apps" },
  });
  return {
    connect: authorizationServer({
      ...shared,
      paths: { authorize: "/oauth/authorize", token: "/oauth/token", revoke: "/oauth/deauthorize" },
      scopes: { read_write: "read and change what the account holds", read_only: "read what the account holds" },
      authenticate: "bearer",
      accessSeconds: null,
      accessPrefix: `sk_${mode}`,
      refresh: "keep",
      answer,
      revokes: (form) => {
        const id = form.get("stripe_user_id");
        return form.get("client_id") === null || id === null ? null : (row) => row.account === id;
      },
    }),
    app: authorizationServer({
      ...shared,
      paths: { authorize: "/oauth/v2/authorize", token: "/v1/oauth/token" },
      scopes: {},
      authenticate: "basic-secret",
      accessSeconds: 3_600,
      refresh: "rotate",
      unusedDays: 365,
      answer,
    }),
  };
}
