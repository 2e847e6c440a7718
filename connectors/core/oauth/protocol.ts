/** The calls of a sign-in: the address people are sent to, tokens for a code, new tokens for old ones, the end of them. */
import type { Configuration, TokenEndpointResponse } from "openid-client";
import { ConnectorError } from "#connectors/core/errors.ts";
import { jsonOf } from "#connectors/core/http.ts";
import { retryAfterMs } from "#connectors/core/retry-after.ts";
import { authenticated } from "./client-auth.ts";
import { endpoint, grantedScopes } from "./sign-in.ts";
import type { OAuthClient, SignIn, TokenAnswer } from "./sign-in.ts";
import type { GrantedTokens, Tokens } from "./tokens.ts";

/** A tool's way to sign in, at the hosts and with the app that a connection uses. */
export interface Party {
  /** What people call the tool. */
  title: string;
  way: SignIn;
  app: OAuthClient;
  /** Null: the vendor's own hosts. */
  baseUrl: string | null;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Loaded when somebody signs in: every command loads every connector. */
const library = () => import("openid-client");
type Library = Awaited<ReturnType<typeof library>>;

/** A vendor answers in a second; whoever waits holds a lock. */
const PATIENCE_SECONDS = 15;
const LARGEST_ANSWER = 65_536;

/** Where the person goes. `verifier`: kept by whoever began; its hash travels. */
export async function authorizeUrl(
  party: Party,
  request: { redirectUri: string; state: string; verifier: string },
): Promise<string> {
  const { way } = party;
  const required = way.scopes.required.map(({ name }) => name);
  const optional = way.scopes.optional.map(({ name }) => name);
  const apart = way.optionalParameter;
  const scope = (apart === undefined ? [...required, ...optional] : required).join(" ");
  const client = await library();
  const { config } = configured(client, party);
  const url = client.buildAuthorizationUrl(config, {
    ...way.authorizeParameters,
    redirect_uri: request.redirectUri,
    state: request.state,
    ...(scope === "" ? {} : { scope }),
    ...(apart === undefined || optional.length === 0 ? {} : { [apart]: optional.join(" ") }),
    ...(way.pkce === "none"
      ? {}
      : {
          code_challenge: await client.calculatePKCECodeChallenge(request.verifier),
          code_challenge_method: "S256",
        }),
  });
  return url.href;
}

/**
 * Tokens for the code that came back.
 *
 * @param query of the callback, as the browser brought it
 * @throws ConnectorError `auth`: the code is used up or too old; others as `refreshed`
 */
export async function exchanged(
  party: Party,
  { query, ...request }: { redirectUri: string; state: string; verifier: string; query: string },
): Promise<GrantedTokens> {
  const callback = new URL(request.redirectUri);
  callback.search = query;
  return tokensFrom(party, (client, config) =>
    client.authorizationCodeGrant(config, callback, {
      expectedState: request.state,
      ...(party.way.pkce === "none" ? {} : { pkceCodeVerifier: request.verifier }),
    }),
  );
}

/**
 * New tokens for old ones. Where the answer has no refresh token, the old one goes on.
 *
 * @throws ConnectorError `auth`: the sign-in was ended or has expired; `transient` with the code `no_answer`: nobody knows
 *   whether it was carried out; `contract`: the operator's app is not accepted, or the answer is in an unknown form
 */
export async function refreshed(party: Party, tokens: Tokens): Promise<GrantedTokens> {
  const { refreshToken } = tokens;
  if (refreshToken === null) throw signInEnded(party.title);
  const got = await tokensFrom(party, (client, config) => client.refreshTokenGrant(config, refreshToken));
  const { accessToken, refreshToken: next, facts } = got.tokens;
  return { ...got, tokens: { accessToken, refreshToken: next ?? refreshToken, facts: { ...tokens.facts, ...facts } } };
}

/** Ends the sign-in at the vendor. @throws ConnectorError; one that had ended already is no error */
export async function revoked(party: Party, tokens: Tokens): Promise<void> {
  const { way, app } = party;
  if (way.revoke === null) return;
  const { form } = way.revoke;
  const client = await library();
  const { config, seen } = configured(client, party);
  try {
    if (form === undefined) {
      await client.tokenRevocation(config, tokens.refreshToken ?? tokens.accessToken, {
        token_type_hint: tokens.refreshToken === null ? "access_token" : "refresh_token",
      });
      return;
    }
    const body = new URLSearchParams(form({ clientId: app.id, facts: tokens.facts }));
    const headers = new Headers({ accept: "application/json" });
    authenticated(way, app)(config.serverMetadata(), { client_id: app.id }, body, headers);
    const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1_000);
    const answer = await seen.fetch(endpoint(way.revoke.url, party.baseUrl), { method: "POST", headers, body, signal });
    if (!answer.ok) throw new Error("refused");
  } catch {
    const failure = failureOf(party, seen);
    // Whoever ended it before us did the same.
    if (failure.kind !== "auth") throw failure;
  }
}

async function tokensFrom(
  party: Party,
  ask: (client: Library, config: Configuration) => Promise<TokenEndpointResponse>,
): Promise<GrantedTokens> {
  const client = await library();
  const { config, seen } = configured(client, party);
  // The vendor counts from when it answered, which is later.
  const askedAt = party.now();
  try {
    const { access_token: accessToken, refresh_token: refreshToken, expires_in: said } = await ask(client, config);
    const answer = seen.answer ?? {};
    const seconds = said ?? party.way.lifeSeconds;
    return {
      tokens: { accessToken, refreshToken: refreshToken ?? null, facts: party.way.factsIn?.(answer) ?? {} },
      expiresAt: seconds === undefined ? null : askedAt + seconds * 1_000,
      scopes: grantedScopes(party.way, answer),
    };
  } catch {
    // What the library threw can hold tokens: what was seen on the wire says enough.
    throw failureOf(party, seen);
  }
}

/** What came over the wire, of one call. */
interface Seen {
  status: number | null;
  retryAfterMs: number | undefined;
  answer: TokenAnswer | null;
  fetch(url: string, options: RequestInit): Promise<Response>;
}

function configured(client: Library, party: Party): { config: Configuration; seen: Seen } {
  const { way, app, baseUrl } = party;
  const seen = watchful();
  const at = (url: string) => endpoint(url, baseUrl);
  const config = new client.Configuration(
    {
      // Where a vendor says who answers (RFC 9207), it names this.
      issuer: new URL(at(way.authorizeUrl)).origin,
      authorization_endpoint: at(way.authorizeUrl),
      token_endpoint: at(way.tokenUrl),
      ...(way.revoke === null ? {} : { revocation_endpoint: at(way.revoke.url) }),
    },
    app.id,
    undefined,
    authenticated(way, app),
  );
  config.timeout = PATIENCE_SECONDS;
  config[client.customFetch] = (url, options) => seen.fetch(url, options as RequestInit);
  // Only this machine's stand-ins are allowed to be plain http; the operator's address was checked.
  if (baseUrl?.startsWith("http:") === true) client.allowInsecureRequests(config);
  return { config, seen };
}

/** Vendors' answers, made what the standard says: of many a list of scopes, and a token about the person that nobody asked for. */
function watchful(): Seen {
  const seen: Seen = {
    status: null,
    retryAfterMs: undefined,
    answer: null,
    async fetch(url, options) {
      const response = await fetch(url, { ...options, redirect: "manual" });
      const text = await response.text();
      if (text.length > LARGEST_ANSWER) throw new RangeError("too long for tokens");
      const { status, headers } = response;
      Object.assign(seen, { status, retryAfterMs: retryAfterMs(headers, status === 429), answer: objectIn(text) });
      const { id_token: _about, scope, ...rest } = seen.answer ?? {};
      const body = { ...rest, ...(typeof scope === "string" ? { scope } : {}) };
      if (status >= 200 && status < 300 && seen.answer !== null)
        return Response.json(body, { status: 200, headers: { "cache-control": "no-store" } });
      return new Response(status === 204 || status === 304 ? null : text, { status, headers });
    },
  };
  return seen;
}

function objectIn(text: string): TokenAnswer | null {
  const value = jsonOf(text);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as TokenAnswer) : null;
}

export const signInEnded = (title: string): ConnectorError =>
  new ConnectorError(
    "auth",
    `${title} no longer accepts this sign-in: it was revoked, has expired, or the app was removed there. Sign in again.`,
    { vendorCode: "invalid_grant" },
  );

/**
 * Who has to act. Only the vendor's own word on this grant ends it: a proxy's page, a busy server, an app whose secret is
 * wrong and an answer that nobody understands do not.
 */
function failureOf(party: Party, { status, answer, retryAfterMs }: Seen): ConnectorError {
  const { title, way } = party;
  const code = codeIn(answer);
  const details = { ...(status === null ? {} : { status }), ...(code === null ? {} : { vendorCode: code }) };
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === null)
    return new ConnectorError("transient", `${title} did not answer while signing in.`, { vendorCode: "no_answer" });
  if (status === 429)
    return new ConnectorError("rate_limited", `${title} asks us to sign in more slowly.`, { ...details, ...wait });
  if (status >= 500 || status === 408)
    return new ConnectorError("transient", `${title} answered ${status} while signing in.`, { ...details, ...wait });
  if (code === "temporarily_unavailable" || code === "server_error")
    return new ConnectorError("transient", `${title} cannot sign in at the moment.`, details);
  if (code === "invalid_grant" && (status === 400 || status === 401)) return signInEnded(title);
  if (status === 401 || code === "invalid_client" || code === "unauthorized_client")
    return new ConnectorError(
      "contract",
      `${title} does not accept this installation's app: its id or secret is wrong or was replaced (${way.client}).`,
      details,
    );
  if (status >= 400 && code === null)
    // Not in the form of a vendor's refusal: a proxy before it.
    return new ConnectorError("transient", `${title} could not be asked while signing in (${status}).`, details);
  const what = status < 300 ? "answered in an unknown form" : `refused with ${code ?? status}`;
  return new ConnectorError("contract", `${title} ${what} while signing in.`, details);
}

/** Only what looks like a code: a vendor may put a sentence there, or a token. */
function codeIn(answer: TokenAnswer | null): string | null {
  const code = answer?.["error"];
  return typeof code === "string" && /^[a-z_]{1,40}$/i.test(code) ? code : null;
}
