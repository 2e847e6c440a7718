/**
 * Access by sign-ins: tokens that are good for a while, refreshed once however many need one, and kept before they are used
 * (docs/decisions/022-sign-ins.md).
 */
import { setTimeout as sleep } from "node:timers/promises";
import { signInsOf } from "#connectors/core/auth.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { refreshed, revoked, signInEnded, type Party } from "#connectors/core/oauth/protocol.ts";
import { clientVariables, type OAuthClient, type SignIn } from "#connectors/core/oauth/sign-in.ts";
import type { GrantedTokens, Tokens } from "#connectors/core/oauth/tokens.ts";
import { connectorOf, connectors } from "#connectors/registry.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { CredentialStore, SignedIn, Stored } from "#profile/store/credentials.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";

/** Refreshed so long before the access token ends, or in the last quarter of a short life. */
const EARLY_MS = 5 * 60_000;
/** However long an access token lives: an unused refresh token may lapse, and an ended sign-in is noticed. */
const DAILY_MS = 20 * 3_600_000;
/** A reply that was lost is asked for again: before the first, before the second repeat. */
const AGAIN_AFTER_MS = [500, 2_000];
/** The vendor has given new tokens, and the database does not take them: they must not be lost. */
const STORE_AGAIN_AFTER_MS = [100, 500, 2_000, 5_000, 10_000];

export type SignedInRow = Pick<
  Connection,
  "workspaceId" | "connectionId" | "connector" | "name" | "baseUrl" | "externalAccount"
>;

type StoredSignIn = Extract<Stored, { kind: "sign_in" }>;

/** What a client is made with, and for how long. */
export interface Access {
  credentials: unknown;
  version: number;
  /** Epoch milliseconds; from then on it is to be asked for again. */
  goodUntil: number;
}

export interface SignIns {
  /**
   * @param refused the version that the vendor did not let in
   * @throws ConnectorError `auth`: the sign-in has ended; others: it could not be refreshed now
   */
  access(row: SignedInRow, refused?: number): Promise<Access>;
  /** Refreshes what has not been for a day. Throws as `access` does. */
  renewDaily(row: SignedInRow): Promise<void>;
  /** Tells the vendor that a sign-in is over, and forgets it. @throws ConnectorError when the vendor could not be told */
  revoke(row: SignedInRow): Promise<Revoked>;
  /** @throws ConnectorError `contract` naming what the operator has to set */
  party(row: Pick<SignedInRow, "connector" | "baseUrl">, way: SignIn): Party;
}

/** `shared`: another connection uses the same access; `not offered`: the vendor has no way; `nothing`: there was none. */
export type Revoked = "revoked" | "shared" | "not offered" | "nothing";

export interface SignInParts {
  credentials: CredentialStore;
  clientFor(way: SignIn, baseUrl: string | null): OAuthClient | null;
  now(): number;
  telemetry: Pick<Telemetry, "vendorCall">;
}

/** When somebody has to see to a sign-in although nobody uses it. */
export const dueAfter = (way: SignIn, refreshedAt: Date): Date | null =>
  way.refresh === "none" ? null : new Date(refreshedAt.getTime() + DAILY_MS);

/** @throws ConnectorError when the tool has no such way (any more) */
export function wayOf(connector: string, id: string): SignIn {
  const { auth, title } = connectorOf(connector);
  const way = signInsOf(auth).find((candidate) => candidate.id === id);
  if (way !== undefined) return way;
  throw new ConnectorError("contract", `${title} has no way to sign in called "${id}": connect it again.`);
}

export function createSignIns({ credentials, clientFor, now, telemetry }: SignInParts): SignIns {
  /** Renewals under way in this process: whoever needs the same waits for it, without a database connection of its own. */
  const underWay = new Map<string, Promise<StoredSignIn>>();

  const party: SignIns["party"] = (row, way) => {
    const { title } = connectorOf(row.connector);
    const app = clientFor(way, row.baseUrl);
    if (app !== null) return { title, way, app, baseUrl: row.baseUrl, now };
    const names = clientVariables(way).join(" and ");
    throw new ConnectorError(
      "contract",
      `${title} signs people in with an app that this process does not know: set ${names} for workers and consoles alike.`,
    );
  };

  function renew(row: SignedInRow, isFresh: (stored: StoredSignIn) => boolean): Promise<StoredSignIn> {
    const key = `${row.workspaceId} ${row.connectionId}`;
    const joined = underWay.get(key);
    if (joined !== undefined) return joined;
    const renewal = renewLocked(row, isFresh).finally(() => underWay.delete(key));
    underWay.set(key, renewal);
    return renewal;
  }

  async function renewLocked(row: SignedInRow, isFresh: (stored: StoredSignIn) => boolean): Promise<StoredSignIn> {
    const { workspaceId, connectionId } = row;
    let answered: { signedIn: SignedIn; instead: number } | null = null;
    try {
      const outcome = await credentials.locked(workspaceId, connectionId, async (held) => {
        const stored = signedInOf(row, held.stored);
        // Somebody else has, while we waited for the lock.
        if (isFresh(stored)) return stored;
        const way = wayOf(row.connector, stored.way);
        // There is no other token to be had; whether this one has ended is the vendor's word to whoever calls it.
        if (way.refresh === "none") throw signInEnded(connectorOf(row.connector).title);
        const at = now();
        const got = await untilAnswered(party(row, way), stored.tokens).catch(async (error: unknown) => {
          if (!(error instanceof ConnectorError && error.kind === "auth")) throw error;
          // Asking again would change nothing, whoever comes next; a person has to.
          await held.end();
          return error;
        });
        if (got instanceof ConnectorError) return got;
        const refreshedAt = new Date(at);
        const signedIn = { ...asSignedIn(got), way: way.id, refreshedAt, dueAt: dueAfter(way, refreshedAt) };
        answered = { signedIn, instead: stored.version };
        return held.replace(signedIn);
      });
      // What was noted is kept.
      if (outcome instanceof ConnectorError) throw outcome;
      return outcome;
    } catch (error) {
      if (answered !== null) return storeAgain(row, answered, error);
      throw error;
    }
  }

  async function untilAnswered(who: Party, tokens: Tokens): Promise<GrantedTokens> {
    for (let attempt = 0; ; attempt += 1) {
      const startedAt = now();
      const note = (outcome: ConnectorError["kind"] | "ok") =>
        telemetry.vendorCall({
          ...{ connector: who.way.client, operation: "oauth.refresh", durationMs: now() - startedAt, outcome },
        });
      try {
        const got = await refreshed(who, tokens);
        note("ok");
        return got;
      } catch (error) {
        if (error instanceof ConnectorError) note(error.kind);
        const wait = AGAIN_AFTER_MS[attempt];
        // Whether it was carried out nobody knows: while the old token is still taken, all is well.
        if (!(error instanceof ConnectorError) || error.details.vendorCode !== "no_answer" || wait === undefined)
          throw error;
        await sleep(wait);
      }
    }
  }

  async function storeAgain(
    row: SignedInRow,
    { signedIn, instead }: { signedIn: SignedIn; instead: number },
    why: unknown,
  ): Promise<StoredSignIn> {
    for (const wait of STORE_AGAIN_AFTER_MS) {
      await sleep(wait);
      try {
        return await credentials.locked(row.workspaceId, row.connectionId, async (held) => {
          const stored = signedInOf(row, held.stored);
          return stored.version === instead ? held.replace(signedIn) : stored;
        });
      } catch (error) {
        if (error instanceof ConnectorError) throw error;
      }
    }
    throw why;
  }

  const goodUntilOf = ({ way, expiresAt, refreshedAt }: SignedIn, connector: string): number => {
    if (expiresAt === null || wayOf(connector, way).refresh === "none") return Number.POSITIVE_INFINITY;
    const life = expiresAt.getTime() - refreshedAt.getTime();
    return expiresAt.getTime() - Math.min(EARLY_MS, life / 4);
  };

  return {
    party,

    async access(row, refused) {
      const { workspaceId, connectionId, connector } = row;
      const isFresh = (stored: StoredSignIn) => stored.version !== refused && now() < goodUntilOf(stored, connector);
      let stored = signedInOf(row, await credentials.read(workspaceId, connectionId));
      // A renewal that was joined may have been about something else.
      for (let tries = 0; tries < 2 && !isFresh(stored); tries += 1) stored = await renew(row, isFresh);
      const { way, tokens, version } = stored;
      return {
        credentials: wayOf(connector, way).credentials(tokens),
        version,
        goodUntil: goodUntilOf(stored, connector),
      };
    },

    async renewDaily(row) {
      await renew(row, ({ dueAt }) => dueAt === null || now() < dueAt.getTime());
    },

    revoke: (row) =>
      credentials.locked(row.workspaceId, row.connectionId, async (held) => {
        const { stored } = held;
        if (stored?.kind !== "sign_in" || stored.state !== "revoking") return "nothing";
        const way = wayOf(row.connector, stored.way);
        const outcome = await (way.revoke === null
          ? "not offered"
          : isShared(row, way).then((shared) => (shared ? "shared" : "revoked")));
        if (outcome === "revoked") await revoked(party(row, way), stored.tokens);
        await held.remove();
        return outcome;
      }),
  };

  async function isShared({ externalAccount, connectionId }: SignedInRow, way: SignIn): Promise<boolean> {
    if (way.revoke === null || way.revoke.ends === "token") return false;
    const sharing = connectors.flatMap(({ id: connector, auth }) =>
      signInsOf(auth)
        .filter(({ client }) => client === way.client)
        .map((each) => ({ connector, way: each.id })),
    );
    const account = way.revoke.ends === "account" ? externalAccount : null;
    return (await credentials.signedInBesides(sharing, account, connectionId)) > 0;
  }
}

/** How the tokens are kept; `way`, `refreshedAt` and `dueAt` are the caller's. */
export const asSignedIn = ({ tokens, scopes, expiresAt }: GrantedTokens) => ({
  tokens,
  scopes,
  expiresAt: expiresAt === null ? null : new Date(expiresAt),
});

function signedInOf({ connector, name }: SignedInRow, stored: Stored | null): StoredSignIn {
  if (stored?.kind === "sign_in" && stored.state === "live") return stored;
  if (stored?.kind === "sign_in" && stored.state === "ended") throw signInEnded(connectorOf(connector).title);
  throw new ConnectorError(
    "auth",
    `"${name}" is no longer signed in. Sign in again: \`tributary reconnect ${connector}\`.`,
  );
}
