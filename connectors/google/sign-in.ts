/**
 * Signing in at Google, for every tool of Google's. Read 2026-11: https://developers.google.com/identity/protocols/oauth2/web-server
 */
import type { Scope, SignIn } from "#connectors/core/oauth/sign-in.ts";

const PREFIX = "https://www.googleapis.com/auth/";

/** @param what.scopes by their names behind Google's prefix; a person may leave out any of them */
export function googleSignIn(
  what: Pick<SignIn, "credentials" | "asks"> & {
    required: readonly Scope[];
    optional?: readonly Scope[];
    api: string;
  },
): SignIn {
  const { required, optional = [], api, ...rest } = what;
  const named = ({ name, purpose }: Scope): Scope => ({ name: PREFIX + name, purpose });
  return {
    ...rest,
    id: "google",
    app: "an OAuth client of a Google Cloud project",
    client: "google",
    authorizeUrl: "https://accounts.google.com/o/oauth2/v2/auth",
    tokenUrl: "https://oauth2.googleapis.com/token",
    scopes: { required: required.map(named), optional: optional.map(named) },
    // A refresh token is given only when both are asked for, and not again on refresh.
    authorizeParameters: { access_type: "offline", prompt: "consent", include_granted_scopes: "true" },
    pkce: "S256",
    authenticate: "body",
    refresh: "yes",
    // Everything that this person granted the project's app, other tools of Google's included.
    revoke: { url: "https://oauth2.googleapis.com/revoke", ends: "person" },
    setUp: `In the Google Cloud console: enable the ${api}; APIs and services, Credentials, an OAuth client of type web application with the redirect address below. While the consent screen is in testing, sign-ins end after seven days.`,
    where: "https://myaccount.google.com/connections",
  };
}
