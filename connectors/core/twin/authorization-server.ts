/**
 * A vendor's authorization server, for every twin: a consent page for people, codes, tokens that end and rotate. As strict as
 * RFC 6749 and 7636 have it; what vendors do differently is declared.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { LOCAL_CLIENT } from "../oauth/sign-in.ts";
import type { TwinAccount } from "./account.ts";
import { consentPage, errorPage } from "./consent-page.ts";
import { strikes } from "./faults.ts";
import type { Call, Reply, Routes, TwinPart } from "./route.ts";
import type { Row } from "./table.ts";

export interface AuthorizationServerOptions {
  /** What people call the vendor. */
  title: string;
  account: TwinAccount;
  /** Apps that are registered, by id; the one of this machine unless given. Redirect addresses are compared as they are. */
  apps?: Readonly<Record<string, RegisteredApp>> | undefined;
  /** Accounts that the person can choose from, the twin's own first. */
  accounts: readonly { id: string; title: string }[];
  paths: { authorize: string; token: string; revoke?: string };
  /** Every scope that there is, in a sentence for people. */
  scopes: Readonly<Record<string, string>>;
  /** The parameter of scopes that the person may leave out; null: they may leave out any. */
  optionalParameter?: string | null;
  authenticate: "body" | "basic" | "bearer" | "basic-secret";
  pkce: "required" | "offered" | "refused";
  /** Null: access tokens do not end. */
  accessSeconds: number | null;
  /** How its access tokens begin. */
  accessPrefix?: string;
  /**
   * `rotate`: each use gives a new refresh token, and the old one ends when the new one, or its access token, is first used.
   * `rotate-at-once`: it ends with its use, and who uses it again ends the sign-in. `keep`: the answer repeats it. `silent`:
   * the answer leaves it out.
   */
  refresh: "rotate" | "rotate-at-once" | "keep" | "silent" | "none";
  /** An unused refresh token ends after so long; null: never. */
  unusedDays?: number | null;
  /** Whether a sign-in is given a refresh token at all, by what was asked; always unless given. */
  isOffline?(asked: URLSearchParams): boolean;
  /** The vendor's answer. */
  answer(grant: TokenRow, refreshToken: string | null): Record<string, unknown>;
  /** In place of RFC 7009: whose tokens a request ends; null: it is refused. */
  revokes?(form: URLSearchParams): ((grant: TokenRow) => boolean) | null;
}

export interface RegisteredApp {
  secret: string;
  /** `loopback`: any port of this machine, as a developer's stand-in needs it. */
  redirectUris: readonly string[] | "loopback";
}

/** A pair of tokens that belong together, by its own number. */
export interface TokenRow extends Row {
  app: string;
  account: string;
  scopes: string[];
  access: string;
  /** Epoch milliseconds; null: never. */
  accessEnds: number | null;
  /** Null: used up, or there is none. */
  refresh: string | null;
  /** Used up. */
  spent: string | null;
  lastUsed: number;
  /** The pair that this one was refreshed into; its refresh token ends when that one is first used. */
  next: string | null;
  /** The first pair of the sign-in. */
  family: string;
  ended: boolean;
}

/** What authorization servers do wrong. Counters count down to 0. */
export interface SignInFaults {
  /** The next N token answers are given out and lost on the way. */
  loseReplies: number;
  /** Every token answer waits so long, milliseconds. */
  slowMs: number;
  /** The next N token calls are answered with this status before anything happens. */
  broken: { count: number; status: number; body?: unknown };
  /** Scopes that are not granted, whatever was asked for and ticked. */
  withheld: Set<string>;
}

export interface AuthorizationServer extends TwinPart {
  readonly faults: SignInFaults;
  /** The good token that a request carries; null: none. */
  tokenOf(headers: Call["headers"]): TokenRow | null;
  /** Access tokens end before their time; refresh tokens stay. */
  endAccess(): void;
  /** Somebody removes the app at the vendor, from one account or from all. */
  endAll(account?: string): void;
  /** Tokens that are good now. */
  good(): TokenRow[];
  /** Every token it ever gave out: what a search for secrets looks for. */
  everything(): string[];
}

const CODE_MS = 60_000;
const DAY_MS = 24 * 3_600_000;

interface Code {
  app: string;
  account: string;
  scopes: string[];
  redirectUri: string;
  challenge: string | null;
  offline: boolean;
  endsAt: number;
  /** The pair it was exchanged for. */
  pair: string | null;
}

const APPS: NonNullable<AuthorizationServerOptions["apps"]> = {
  [LOCAL_CLIENT.id]: { secret: LOCAL_CLIENT.secret, redirectUris: "loopback" },
};

export function authorizationServer(options: AuthorizationServerOptions): AuthorizationServer {
  const { account: place, apps = APPS, paths, title } = options;
  const faults: SignInFaults = { loseReplies: 0, slowMs: 0, broken: { count: 0, status: 503 }, withheld: new Set() };
  const codes = new Map<string, Code>();
  const table = place.tokens;
  const given: string[] = [];
  const secret = (prefix: string) => {
    const made = `${prefix}_${randomBytes(24).toString("base64url")}`;
    given.push(made);
    return made;
  };

  const save = (row: TokenRow) => table.put(row);
  const isGood = (row: TokenRow) => !row.ended && (row.accessEnds === null || place.now() < row.accessEnds);

  /** The pair before this one is used no more: it was refreshed, and the answer has arrived. */
  function confirm(row: TokenRow): void {
    for (const before of table.values()) if (before.next === row.id && before.refresh !== null) save(spent(before));
  }

  const spent = (row: TokenRow): TokenRow => ({ ...row, refresh: null, spent: row.refresh });

  function end(which: (row: TokenRow) => boolean): void {
    const families = new Set([...table.values()].filter(which).map(({ family }) => family));
    for (const row of table.values()) if (families.has(row.family)) save({ ...row, ended: true });
  }

  function issue(
    { app, account, scopes, family }: Pick<TokenRow, "app" | "account" | "scopes"> & { family?: string },
    refresh: string | null,
  ): TokenRow {
    const now = place.now();
    const id = String(place.next("token pairs"));
    const row: TokenRow = {
      ...{ id, app, account, scopes, family: family ?? id },
      access: secret(options.accessPrefix ?? "at"),
      accessEnds: options.accessSeconds === null ? null : now + options.accessSeconds * 1_000,
      refresh: refresh ?? (options.refresh === "none" ? null : secret("rt")),
      ...{ spent: null, lastUsed: now, next: null, ended: false },
    };
    save(row);
    return row;
  }

  function authorize(call: Call): Reply {
    const asked = call.method === "POST" ? new URLSearchParams(call.text) : call.query;
    const problem = problemOf(asked);
    // Never sent back to an address that nobody registered.
    if (problem !== null) return { status: 400, body: null, page: errorPage(title, problem) };
    const required = listOf(asked.get("scope"));
    const parameter = options.optionalParameter;
    const apart = typeof parameter === "string" ? listOf(asked.get(parameter)) : [];
    const all = [...required, ...apart];
    if (call.method === "GET") {
      const optional = parameter === null ? all : apart;
      const scopes = all.map((name) => ({
        ...{ name, says: options.scopes[name] ?? name, optional: optional.includes(name) },
      }));
      return {
        ...{ status: 200, body: null },
        page: consentPage({ title, accounts: options.accounts, scopes, asked, action: paths.authorize }),
      };
    }
    const back = (parameters: Record<string, string>): Reply => {
      const url = new URL(asked.get("redirect_uri") ?? "");
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      const state = asked.get("state");
      if (state !== null) url.searchParams.set("state", state);
      return { status: 302, body: null, page: "", headers: { location: url.href } };
    };
    if (asked.get("decision") !== "allow")
      return back({ error: "access_denied", error_description: "The person declined." });
    const chosen = options.accounts.find(({ id }) => id === asked.get("account"));
    if (chosen === undefined) return { status: 400, body: null, page: errorPage(title, "Choose an account.") };
    const ticked = new Set(asked.getAll("granted"));
    const mayLeaveOut = parameter === null ? all : apart;
    const scopes = all.filter(
      (name) => (!mayLeaveOut.includes(name) || ticked.has(name)) && !faults.withheld.has(name),
    );
    const code = secret("code");
    codes.set(code, {
      ...{
        app: asked.get("client_id") ?? "",
        account: chosen.id,
        scopes,
        redirectUri: asked.get("redirect_uri") ?? "",
      },
      offline: options.isOffline?.(asked) ?? true,
      ...{ challenge: asked.get("code_challenge"), endsAt: place.now() + CODE_MS, pair: null },
    });
    return back({ code });
  }

  function problemOf(asked: URLSearchParams): string | null {
    const app = apps[asked.get("client_id") ?? ""];
    if (app === undefined) return "There is no app with this client_id.";
    if (!isRegistered(app, asked.get("redirect_uri") ?? "")) return "The redirect_uri is not one of the app's.";
    if (asked.get("response_type") !== "code") return "response_type must be code.";
    const names = [...listOf(asked.get("scope")), ...listOf(asked.get(options.optionalParameter ?? "") ?? null)];
    const unknown = names.filter((name) => !Object.hasOwn(options.scopes, name));
    if (unknown.length > 0) return `There is no scope ${unknown.join(", ")}.`;
    const challenge = asked.get("code_challenge");
    if (options.pkce === "required" && challenge === null) return "code_challenge is required.";
    if (options.pkce === "refused" && challenge !== null) return "code_challenge is not supported.";
    if (challenge !== null && asked.get("code_challenge_method") !== "S256")
      return "code_challenge_method must be S256.";
    return null;
  }

  const refusal = (error: string, description: string, status = 400): Reply => ({
    ...{ status, body: { error, error_description: description }, headers: { "cache-control": "no-store" } },
  });

  function token(call: Call): Reply {
    if (strikes(faults.broken, "count")) return { status: faults.broken.status, body: faults.broken.body ?? null };
    const form = new URLSearchParams(call.text);
    const app = appOf(call, form);
    if (app === null) return refusal("invalid_client", "client authentication failed", 401);
    const type = form.get("grant_type");
    if (type === "authorization_code") return exchange(form, app);
    if (type === "refresh_token" && options.refresh !== "none") return refresh(form, app);
    return refusal("unsupported_grant_type", "unknown grant_type");
  }

  function exchange(form: URLSearchParams, app: string): Reply {
    const code = codes.get(form.get("code") ?? "");
    const dead = refusal("invalid_grant", "authorization code is invalid, expired or used");
    if (code === undefined || code.app !== app || place.now() > code.endsAt) return dead;
    if (code.pair !== null) {
      // Used twice: somebody else has it, so what it gave is taken back (RFC 6749, 4.1.2).
      end(({ id }) => id === code.pair);
      return dead;
    }
    if (form.get("redirect_uri") !== code.redirectUri) return refusal("invalid_grant", "redirect_uri does not match");
    const verifier = form.get("code_verifier");
    if (code.challenge !== null && hashOf(verifier ?? "") !== code.challenge)
      return refusal("invalid_grant", "code_verifier does not match");
    if (code.challenge === null && verifier !== null) return refusal("invalid_request", "no code_challenge was sent");
    const row = issue(code, null);
    code.pair = row.id;
    return answered(row, code.offline ? row.refresh : null);
  }

  function refresh(form: URLSearchParams, app: string): Reply {
    const asked = form.get("refresh_token");
    const unusedMs = (options.unusedDays ?? Number.POSITIVE_INFINITY) * DAY_MS;
    const live = [...table.values()].filter((each) => each.app === app && !each.ended);
    const row = live.findLast(({ refresh: known }) => known !== null && known === asked);
    if (row === undefined && options.refresh === "rotate-at-once")
      end((each) => live.includes(each) && each.spent === asked);
    if (row === undefined || place.now() - row.lastUsed > unusedMs)
      return refusal("invalid_grant", "refresh token is invalid, expired or revoked");
    confirm(row);
    const rotates = options.refresh === "rotate" || options.refresh === "rotate-at-once";
    const next = issue(row, rotates ? null : row.refresh);
    const used = { ...row, next: next.id, lastUsed: place.now() };
    // A token that stays is the newest pair's from now on; the access token lives to its end.
    save(options.refresh === "rotate" ? used : rotates ? spent(used) : { ...used, refresh: null });
    return answered(next, options.refresh === "silent" ? null : next.refresh);
  }

  function answered(row: TokenRow, refreshToken: string | null): Reply {
    return {
      ...{ status: 200, body: options.answer(row, refreshToken), headers: { "cache-control": "no-store" } },
      ...(strikes(faults, "loseReplies") ? { lost: true } : {}),
    };
  }

  function revoke(call: Call): Reply {
    const form = new URLSearchParams(call.text);
    const app = appOf(call, form);
    if (app === null) return refusal("invalid_client", "client authentication failed", 401);
    const named = form.get("token");
    const ends =
      options.revokes === undefined
        ? named === null
          ? null
          : (row: TokenRow) => row.refresh === named || row.access === named
        : options.revokes(form);
    if (ends === null) return refusal("invalid_request", "what to revoke is missing");
    end((row) => row.app === app && ends(row));
    return { status: 200, body: options.revokes === undefined ? {} : Object.fromEntries(form) };
  }

  /** Which app it is; null: it could not prove it. */
  function appOf({ headers }: Call, form: URLSearchParams): string | null {
    const [scheme, value = ""] = String(headers.authorization ?? "").split(" ");
    const [user = "", password = ""] = scheme === "Basic" ? Buffer.from(value, "base64").toString().split(":") : [];
    const claims: Record<AuthorizationServerOptions["authenticate"], [id: string | null, secret: string]> = {
      body: [form.get("client_id"), form.get("client_secret") ?? ""],
      basic: [user, password],
      bearer: [null, scheme === "Bearer" ? value : ""],
      "basic-secret": [null, user],
    };
    const [id, proof] = claims[options.authenticate];
    const found = Object.entries(apps).find(
      ([known, { secret }]) => (id === null || id === known) && isSame(secret, proof),
    );
    return found?.[0] ?? null;
  }

  const routes: Routes = {
    [`GET ${paths.authorize}`]: { handle: authorize },
    [`POST ${paths.authorize}`]: { handle: authorize },
    [`POST ${paths.token}`]: { handle: token, delayMs: () => faults.slowMs },
    ...(paths.revoke === undefined ? {} : { [`POST ${paths.revoke}`]: { handle: revoke } }),
  };

  return {
    faults,
    open: routes,
    tokenOf({ authorization }) {
      const [, value = ""] = String(authorization ?? "").split(" ");
      // A vendor's own library may send a token the way it sends a key.
      const bare = Buffer.from(value, "base64").toString().split(":")[0];
      const row = [...table.values()].find(({ access }) => access === value || access === bare);
      if (row === undefined || !isGood(row)) return null;
      confirm(row);
      return row;
    },
    endAccess() {
      for (const row of table.values()) save({ ...row, accessEnds: 0 });
      place.commit();
    },
    endAll(account) {
      end((row) => account === undefined || row.account === account);
      place.commit();
    },
    good: () => [...table.values()].filter(isGood),
    everything: () => [...given],
    close: async () => undefined,
  };
}

const listOf = (text: string | null): string[] => (text ?? "").split(" ").filter((name) => name !== "");

const hashOf = (verifier: string): string => createHash("sha256").update(verifier).digest("base64url");

function isSame(known: string, given: string): boolean {
  const [a, b] = [known, given].map((text) => createHash("sha256").update(text).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

function isRegistered({ redirectUris }: RegisteredApp, uri: string): boolean {
  if (redirectUris !== "loopback") return redirectUris.includes(uri);
  const url = URL.parse(uri);
  return url?.protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname) && url.hash === "";
}
