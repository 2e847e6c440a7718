/**
 * Signing in at a tool, from the link that somebody opens to the answer of the vendor. Whoever ends a sign-in is who opened it:
 * the browser has a cookie, the vendor sends back a state that is good once, and neither is of use without the other.
 */
import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { signInsOf } from "#connectors/core/auth.ts";
import type { Connector } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { authorizeUrl, exchanged } from "#connectors/core/oauth/protocol.ts";
import { missing, type Scope, type SignIn } from "#connectors/core/oauth/sign-in.ts";
import { z } from "zod";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import { hashOf, type SignInAttempt } from "#profile/store/sign-in-attempts.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { asSignedIn, dueAfter, wayOf } from "#workflows/sign-ins/sign-ins.ts";
import { checkedSettings, checkedUrl, freeName, refuseDemo } from "./connection-rules.ts";
import { connectable, connectSignedIn, refusalOf, type ConnectionDependencies } from "./connections.ts";
import { Refusal } from "./refusal.ts";

export type SignInDependencies = ConnectionDependencies & Pick<Dependencies, "signInAttempts" | "log">;

/** The vendor sends people back here. */
export const CALLBACK_PATH = "/connect/callback";
/** Long enough to find somebody who may decide, short enough to be forgotten. */
const OPEN_MS = 30 * 60_000;
/** As many as a PKCE verifier has, and more than can be guessed. */
const SECRET_BYTES = 32;

/** What a sign-in came to; kept for whoever waits for it. */
export const signInEnding = z.discriminatedUnion("outcome", [
  z.object({
    outcome: z.literal("connected"),
    connectionId: z.string(),
    account: z.string(),
    title: z.string(),
    /** The account was connected already. */
    renewed: z.boolean(),
    /** Optional scopes that were not granted. */
    withheld: z.array(z.object({ name: z.string(), purpose: z.string() })),
    lacking: z.array(z.object({ stream: z.string(), reason: z.string() })),
  }),
  z.object({ outcome: z.literal("refused"), why: z.string() }),
]);
export type SignInEnding = z.infer<typeof signInEnding>;

export interface Begun {
  signInId: string;
  /** Of the link; for the person who began it alone. */
  ticket: string;
  expiresAt: Date;
}

/** @param request.of the connection that is signed in again; left out: a new one */
export async function beginSignIn(
  deps: SignInDependencies,
  workspaceId: WorkspaceId,
  request: {
    connector: Connector;
    way: SignIn;
    of?: Connection;
    name?: string;
    baseUrl?: string;
    requestsPerSecond?: number;
    /** The tool's own; left out: as they are, or the usual ones. */
    settings?: Record<string, unknown>;
    /** What the way asks for. */
    given?: Record<string, string>;
    origin: string;
  },
  actor: string,
): Promise<Begun> {
  const { connector, way, of, name, baseUrl, requestsPerSecond, settings, given = {} } = request;
  refuseDemo(workspaceId, of);
  refuseUnanswered(connector, way, given);
  // A name that cannot be is refused now; whether it is taken depends on whose account it turns out to be.
  if (name !== undefined) freeName(connector, name, []);
  const ticket = secret();
  const at = new Date(deps.now());
  const expiresAt = new Date(at.getTime() + OPEN_MS);
  const signInId = await deps.signInAttempts.begin(workspaceId, {
    ...{ connector: connector.id, way: way.id, connectionId: of?.connectionId ?? null, name: name ?? null },
    baseUrl: of === undefined ? (baseUrl === undefined ? null : checkedUrl(connector, baseUrl)) : of.baseUrl,
    ...{ requestsPerSecond: requestsPerSecond ?? null, given },
    // Now, not when the person has come back from the vendor.
    settings: settings === undefined ? null : checkedSettings(connector, settings),
    ...{ redirectUri: `${request.origin}${CALLBACK_PATH}`, actor, ticket, at, expiresAt },
  });
  return { signInId, ticket, expiresAt };
}

export interface Opened {
  attempt: SignInAttempt;
  connector: Connector;
  way: SignIn;
  /** For the browser's cookie. */
  browser: string;
  /** Where the person goes next. */
  url: string;
}

/**
 * The link was opened in a browser.
 *
 * @param browser of its cookie; null: it has none yet
 * @throws Refusal saying what to do
 */
export async function openSignIn(deps: SignInDependencies, ticket: string, browser: string | null): Promise<Opened> {
  const attempt = await deps.signInAttempts.find(ticket);
  if (attempt === null || !isTicket(ticket)) throw unknown();
  refuseLate(deps, attempt);
  const connector = connectable(attempt.connector);
  const secrets = { browser: browser ?? secret(), state: secret() };
  const way = wayOf(connector.id, attempt.way);
  const party = partyOf(deps, attempt, way);
  if (!(await deps.signInAttempts.open(attempt, secrets)))
    throw new Refusal(
      "This link was opened in another browser already, or has been used. Begin again with `tributary connect`, and open the link yourself.",
      "state",
    );
  const { redirectUri } = attempt;
  const url = await authorizeUrl(party, { redirectUri, state: secrets.state, verifier: verifierOf(secrets) });
  return { attempt, connector, way, browser: secrets.browser, url };
}

/**
 * The vendor has sent the person back.
 *
 * @param query of the address, as it came
 * @returns the sign-in, whose ending is kept, whatever it is
 * @throws Refusal when it is no sign-in of this browser
 */
export async function endSignIn(
  deps: SignInDependencies,
  query: string,
  browser: string | null,
): Promise<SignInAttempt> {
  const state = new URLSearchParams(query).get("state") ?? "";
  const attempt = await deps.signInAttempts.find(state);
  if (attempt === null || !isTicket(state)) throw unknown();
  if (browser === null || attempt.browserHash === null || !timingSafeEqual(hashOf(browser), attempt.browserHash))
    throw new Refusal(
      "This sign-in was begun in another browser, so nothing was connected. If that was not you, somebody tried to connect an account of theirs; else open the link in this browser.",
      "state",
    );
  refuseLate(deps, attempt);
  if (!(await deps.signInAttempts.use(attempt, { browser, state }))) throw unknown();
  const ending = await conclude(deps, attempt, { query, state, browser }).catch((error: unknown): SignInEnding => {
    if (error instanceof Refusal) return { outcome: "refused", why: error.message };
    deps.log.error({ err: error, connector: attempt.connector }, "a sign-in failed");
    return { outcome: "refused", why: "Something went wrong here, and nothing was connected; the log says what." };
  });
  await deps.signInAttempts.finish(attempt, ending.outcome, ending);
  return attempt;
}

/** Null: it is under way. */
export function endingOf({ outcome, says }: SignInAttempt): SignInEnding | null {
  return outcome === null ? null : signInEnding.parse(says);
}

async function conclude(
  deps: SignInDependencies,
  attempt: SignInAttempt,
  { query, ...secrets }: { query: string; state: string; browser: string },
): Promise<SignInEnding> {
  const { workspaceId, redirectUri, connectionId, name, baseUrl, requestsPerSecond, given, settings, actor } = attempt;
  const connector = connectable(attempt.connector);
  const way = wayOf(connector.id, attempt.way);
  refuseDeclined(connector, query);
  const party = partyOf(deps, attempt, way);
  const at = new Date(deps.now());
  const { state } = secrets;
  const verifier = verifierOf(secrets);
  const got = await exchanged(party, { redirectUri, state, verifier, query }).catch((error: unknown) => {
    throw exchangeRefusal(connector, error, baseUrl);
  });
  const lacking = missing(way.scopes.required, got.scopes);
  if (lacking.length > 0) throw scopeRefusal(connector, way, lacking);
  if (way.refresh === "yes" && got.tokens.refreshToken === null)
    throw new Refusal(
      `${connector.title} gave access for an hour only, as it does where the app has access already: end that in ${way.where}, then sign in again. Nothing was connected.`,
      "vendor",
    );
  const tokens = { ...got.tokens, facts: { ...given, ...got.tokens.facts } };
  const signedIn = { ...asSignedIn(got), tokens, way: way.id, refreshedAt: at, dueAt: dueAfter(way, at) };
  const connected = await connectSignedIn(
    deps,
    workspaceId,
    {
      ...{ connector: connector.id, signedIn, baseUrl },
      of: connectionId === null ? null : await deps.connections.get(workspaceId, connectionId),
      ...(name === null ? {} : { name }),
      ...(requestsPerSecond === null ? {} : { requestsPerSecond }),
      ...(settings === null ? {} : { settings }),
    },
    actor,
  );
  return {
    outcome: "connected",
    connectionId: connected.connection.connectionId,
    ...{ account: connected.identity.account, title: connected.identity.title, renewed: connected.renewed },
    withheld: missing(way.scopes.optional, got.scopes),
    lacking: connected.lacking,
  };
}

/** The tool's ways to sign in. @throws Refusal where there are none, or none of that name */
export function waysOf(connector: Connector, id?: string): readonly SignIn[] {
  const ways = signInsOf(connector.auth);
  const named = id === undefined ? ways : ways.filter((way) => way.id === id);
  if (named.length > 0) return named;
  const known = ways.map((way) => way.id).join(", ");
  throw new Refusal(
    ways.length === 0
      ? `Nobody can sign in at ${connector.title}: it takes credentials.`
      : `${connector.title} has no way to sign in called "${id}"; there are: ${known}.`,
    "words",
  );
}

/** What a connection was made with of what the way asks for, so that nobody is asked again. */
export async function givenBefore(
  { credentials }: Pick<SignInDependencies, "credentials">,
  { workspaceId, connectionId }: Connection,
  { asks = [] }: SignIn,
): Promise<Record<string, string>> {
  const stored = await credentials.read(workspaceId, connectionId);
  const known = z
    .record(z.string(), z.unknown())
    .safeParse(stored?.kind === "sign_in" ? stored.tokens.facts : stored?.credentials).data;
  return Object.fromEntries(
    asks.flatMap(({ name }) => {
      const value = known?.[name];
      return typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

function refuseUnanswered({ title, auth }: Connector, { asks = [] }: SignIn, given: Record<string, string>): void {
  const lacking = asks.filter(({ name, optional }) => optional !== true && (given[name] ?? "") === "");
  if (lacking.length === 0) return;
  const fields = auth.kind === "token" ? auth.fields : [];
  const words = lacking.map(({ name }) => fields.find((field) => field.name === name)?.title ?? name).join(" and ");
  throw new Refusal(`${title} needs its ${words} besides: a sign-in does not bring it.`, "words");
}

const secret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

/** In the form that ours have; anything else need not be looked for. */
const isTicket = (text: string): boolean => /^[\w-]{43}$/.test(text);

/** Not kept anywhere: whoever has the cookie and the state can make it again. */
const verifierOf = ({ browser, state }: { browser: string; state: string }): string =>
  hash("sha256", `${browser} ${state}`, "base64url");

const unknown = (): Refusal =>
  new Refusal(
    "This sign-in is not known here, or was used already: each link and each answer is good once. Begin again with `tributary connect`.",
    "missing",
  );

function refuseLate(deps: SignInDependencies, { expiresAt, outcome }: SignInAttempt): void {
  if (outcome !== null) throw unknown();
  if (expiresAt.getTime() > deps.now()) return;
  throw new Refusal("This sign-in took too long and has expired. Begin again with `tributary connect`.", "state");
}

function partyOf(deps: SignInDependencies, attempt: SignInAttempt, way: SignIn) {
  try {
    return deps.signIns.party(attempt, way);
  } catch (error) {
    if (error instanceof ConnectorError) throw new Refusal(`${error.message} ${way.setUp}`, "state");
    throw error;
  }
}

function refuseDeclined({ id, title }: Connector, query: string): void {
  const said = new URLSearchParams(query).get("error");
  if (said === null) return;
  if (said === "access_denied")
    throw new Refusal(
      `Access was declined at ${title}, so nothing was connected. \`tributary connect ${id}\` begins again.`,
      "vendor",
    );
  // Only what looks like a code: it stands in an address that anybody could write.
  const code = /^[a-z_]{1,40}$/.test(said) ? ` (${said})` : "";
  throw new Refusal(
    `${title} did not let the sign-in through${code}, so nothing was connected. The app may not be allowed the scopes it asks for, or may need an administrator of the account.`,
    "vendor",
  );
}

function exchangeRefusal(connector: Connector, error: unknown, baseUrl: string | null): unknown {
  if (!(error instanceof ConnectorError)) return error;
  if (error.kind === "auth")
    return new Refusal(
      `${connector.title} says that this sign-in was used already or took too long: begin again with \`tributary connect ${connector.id}\`.`,
      "vendor",
    );
  if (error.kind === "contract") return new Refusal(`${error.message} Nothing was connected.`, "vendor");
  return refusalOf(error, connector, baseUrl);
}

function scopeRefusal({ id, title }: Connector, { where }: SignIn, lacking: readonly Scope[]): Refusal {
  const names = lacking.map(({ name, purpose }) => `${name} (to ${purpose})`).join(", ");
  return new Refusal(
    `${title} did not grant what is needed: ${names}. Nothing was connected. Begin again with \`tributary connect ${id}\` and allow it; what was granted can be ended in ${where}.`,
    "vendor",
  );
}
