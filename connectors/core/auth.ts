/**
 * How a connection authenticates with a vendor: what to ask a person for, where that person finds it, and what such a
 * secret looks like, so that it is recognised wherever it turns up. Everything outside the vendor's folder asks this.
 */
import type { SignIn } from "./oauth/sign-in.ts";

export interface CredentialField {
  /** Name in the connector's credentials schema. */
  name: string;
  /** What the vendor calls it. */
  title: string;
  /** Asked without echo and never shown again; an account or shop name is none. */
  secret: boolean;
  /** Environment variable it can come from. */
  env: string;
  /** Where a person finds or makes it, and what it must be allowed to do. One or two sentences. */
  where: string;
}

/** A key or token that somebody makes at the vendor and hands over. */
export interface TokenAuth {
  kind: "token";
  fields: readonly CredentialField[];
  /** What the vendor's secrets look like: logs never show a match. Global, and not matching ordinary words. */
  secretPatterns: readonly RegExp[];
  /** Ways to sign in at the vendor instead, the preferred one first. */
  signIns?: readonly SignIn[];
}

/** A person signs in at the vendor; there is no key to hand over. */
export interface SignInAuth {
  kind: "sign-in";
  signIns: readonly SignIn[];
  secretPatterns: readonly RegExp[];
}

/** Nothing to authenticate with: local files. */
export interface NoAuth {
  kind: "none";
  /** How a person connects it instead. */
  instead: string;
}

/** Whoever looks at `kind` says what it does about the ones it cannot. */
export type Auth = TokenAuth | SignInAuth | NoAuth;

/** None where there is no way to sign in. */
export const signInsOf = (auth: Auth): readonly SignIn[] => (auth.kind === "none" ? [] : (auth.signIns ?? []));

/** What logs must never show, whichever vendor it is from. */
export function secretPatternsOf(connectors: readonly { auth: Auth }[]): RegExp[] {
  return connectors.flatMap(({ auth }) => (auth.kind === "none" ? [] : auth.secretPatterns));
}

/**
 * The credentials that the environment holds for a vendor, by name in its schema; null unless every field is set.
 *
 * @param environment `NAME=` counts as unset, as in a shell
 */
export function credentialsFrom(
  auth: Auth,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> | null {
  if (auth.kind !== "token") return null;
  const found = auth.fields.map(({ name, env }): [string, string] => [name, environment[env]?.trim() ?? ""]);
  return found.every(([, value]) => value !== "") ? Object.fromEntries(found) : null;
}

/** The same the other way round, for a command line: `NAME=value` for each field. */
export function environmentFor(auth: Auth, credentials: Readonly<Record<string, string>>): string[] {
  if (auth.kind !== "token") return [];
  return auth.fields.map(({ name, env }) => `${env}=${credentials[name] ?? ""}`);
}
