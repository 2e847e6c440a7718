/**
 * How a person signs in at a vendor (OAuth 2) in place of handing over a key: what a connector's folder declares. The
 * protocol, storing and refreshing are the framework's.
 */
import { isLoopback } from "#connectors/core/loopback.ts";

export interface Scope {
  /** The vendor's name of it. */
  name: string;
  /** What it is needed for, to a person: ends the sentence "so that we can ...". */
  purpose: string;
}

/** The vendor's answer to a code or a refresh token, as it came; never logged. */
export type TokenAnswer = Readonly<Record<string, unknown>>;

export interface TokenFacts {
  accessToken: string;
  /** What `factsIn` kept and what was asked. */
  facts: Readonly<Record<string, string>>;
}

export interface SignIn {
  /** Tells a tool's ways to sign in apart; kept with the tokens, so it never changes. */
  id: string;
  /** What the operator registers at the vendor: "an Acme app". */
  app: string;
  /**
   * Whose `..._CLIENT_ID` and `..._CLIENT_SECRET` it uses: `acme` reads ACME_CLIENT_ID. Connectors of one vendor may share
   * an app.
   */
  client: string;
  /** At the vendor's own hosts; a stand-in has the same paths. */
  authorizeUrl: string;
  tokenUrl: string;
  /** Least first: without a required one nothing is connected, without an optional one less works. */
  scopes: { required: readonly Scope[]; optional: readonly Scope[] };
  /** The parameter that asks for optional scopes, where the vendor tells them from the others; else all go into `scope`. */
  optionalParameter?: string;
  /** Fixed parameters of the authorize address. */
  authorizeParameters?: Readonly<Record<string, string>>;
  /** Proof that whoever began is who ends (RFC 7636); `none` where the vendor would refuse it. */
  pkce: "S256" | "none";
  /**
   * How the app proves itself at the token address. `body`: id and secret as fields; `basic`: both, by HTTP; `bearer` and
   * `basic-secret`: the secret alone, as where it is a key of the vendor's API.
   */
  authenticate: "body" | "basic" | "bearer" | "basic-secret";
  /** `none`: the access token does not expire and is never refreshed. */
  refresh: "yes" | "none";
  /** How long an access token lives, where the answer does not say. */
  lifeSeconds?: number;
  /** Null: the vendor has no way to end it from outside. */
  revoke: Revocation | null;
  /** What was granted, where the answer does not say so in `scope` (RFC 6749) or in a list `scopes`. Null: as asked. */
  grantedIn?(answer: TokenAnswer): readonly string[] | null;
  /** What of the answer is needed later besides the tokens; no secrets. */
  factsIn?(answer: TokenAnswer): Record<string, string>;
  /**
   * Names of credential fields that no sign-in brings, as which of the person's accounts is meant; asked before, no secrets,
   * and found among `facts`.
   */
  asks?: readonly { name: string; optional?: true }[];
  /** What the connector's credentials schema takes. */
  credentials(tokens: TokenFacts): Record<string, unknown>;
  /** Where the operator makes the app, and what to set there. One or two sentences. */
  setUp: string;
  /** Where a person ends the access at the vendor themselves. */
  where: string;
}

export interface Revocation {
  url: string;
  /**
   * `token`: this sign-in alone. `account`: the app's access to the account, `person`: everything that the person ever granted
   * the app. These would end other connections as well, and are only done when there are none.
   */
  ends: "token" | "account" | "person";
  /** In place of RFC 7009: the form's fields. The app proves itself as at the token address. */
  form?(context: { clientId: string; facts: Readonly<Record<string, string>> }): Record<string, string>;
}

export interface OAuthClient {
  id: string;
  secret: string;
}

type RawEnvironment = Readonly<Record<string, string | undefined>>;

/** The two variables that hold the app's id and secret. */
export function clientVariables({ client }: Pick<SignIn, "client">): [id: string, secret: string] {
  const prefix = client.toUpperCase().replaceAll(/[^A-Z0-9]+/g, "_");
  return [`${prefix}_CLIENT_ID`, `${prefix}_CLIENT_SECRET`];
}

/** A stand-in on this machine knows one app, so that nobody has to register one to try a sign-in. */
export const LOCAL_CLIENT: OAuthClient = { id: "tributary-on-this-machine", secret: "not-a-secret-on-this-machine" };

/**
 * The app that signs in: from the environment, or the stand-in's own.
 *
 * @param baseUrl the connection's, null: the vendor's own hosts
 * @returns null where the operator has not set both variables
 */
export function clientOf(way: SignIn, baseUrl: string | null, environment: RawEnvironment): OAuthClient | null {
  // A real app's secret is never sent to a stand-in.
  if (baseUrl !== null && isLoopback(new URL(baseUrl).hostname)) return LOCAL_CLIENT;
  const [id = "", secret = ""] = clientVariables(way).map((name) => environment[name]?.trim() ?? "");
  return id === "" || secret === "" ? null : { id, secret };
}

/** The vendor's address, or the same path at the stand-in. */
export function endpoint(url: string, baseUrl: string | null): string {
  if (baseUrl === null) return url;
  const { pathname, search } = new URL(url);
  return baseUrl.replace(/\/$/, "") + pathname + search;
}

/** What was granted; all that was asked for where the answer says nothing (RFC 6749, 5.1). */
export function grantedScopes(way: SignIn, answer: TokenAnswer): string[] {
  const named = way.grantedIn?.(answer) ?? listIn(answer["scope"]) ?? listIn(answer["scopes"]);
  return [...new Set(named ?? [...way.scopes.required, ...way.scopes.optional].map(({ name }) => name))];
}

function listIn(value: unknown): string[] | null {
  if (typeof value === "string") return value.split(/[\s,]+/).filter((name) => name !== "");
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value;
  return null;
}

/** Which of the scopes are not among those granted. */
export const missing = (scopes: readonly Scope[], granted: readonly string[]): Scope[] =>
  scopes.filter(({ name }) => !granted.includes(name));
