/**
 * Where Temporal is and how to connect to it, from the environment: one's own server, a cluster behind TLS, Temporal
 * Cloud. The variables have the names that Temporal's own tools use, so that what is set for those holds here too:
 * https://docs.temporal.io/develop/environment-configuration (read 2026-11).
 *
 * Temporal's own reader of these (`@temporalio/envconfig` 1.24) drops half a client's certificate, an unknown flag and a
 * refused one in silence, does not name the variable of a missing file, and reads a file in the home directory as well.
 */
import { X509Certificate, createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import { ConfigError } from "./config-error.ts";

const flag = z.enum(["true", "false", "1", "0"], { error: "must be true or false" });

/** Part of the environment's schema (config.ts). */
export const temporalVariables = {
  /** host:port of a Temporal server; without it `npm start` starts one. */
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/]+:\d+$/, "must be host:port, for example 127.0.0.1:7233")
    .optional(),
  /** Temporal's name for this installation's share of a server. */
  TEMPORAL_NAMESPACE: z.string().default("default"),
  /** Temporal Cloud's key, or whatever a proxy takes as a bearer token. It is only ever sent over TLS. */
  TEMPORAL_API_KEY: z.string().optional(),
  /** Whether to speak TLS: by default where a key, a certificate or a name below asks for it. */
  TEMPORAL_TLS: flag.optional(),
  /** The client's certificate and private key for mutual TLS, PEM: as files ... */
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  /** ... or as their content. */
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  /** The authority that signed the server's certificate, PEM; by default those the system trusts. */
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  /** The name to expect in the server's certificate where it is another than the address's. */
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  /** Refused: whoever answers would be handed the key and the work. */
  TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: flag.optional(),
};
const temporalEnvironment = z.object(temporalVariables);
export type TemporalEnvironment = z.infer<typeof temporalEnvironment>;

export interface TemporalTls {
  /** PEM. Null: the authorities that the system trusts. */
  serverCa: Buffer | null;
  client: { certificate: Buffer; key: Buffer } | null;
  serverName: string | null;
}

export interface TemporalConfig {
  address: string;
  namespace: string;
  /** Null: in the clear. */
  tls: TemporalTls | null;
  apiKey: string | null;
}

/** A server on this machine, in the clear. */
export const plainTemporal = (address: string, namespace = "default"): TemporalConfig => ({
  ...{ address, namespace, tls: null, apiKey: null },
});

const NAMES: readonly string[] = Object.keys(temporalVariables).filter((name) => name !== "TEMPORAL_ADDRESS");

/** What a command in another folder needs to connect to the same server: paths are made absolute. */
export function connectionVariables(environment: TemporalEnvironment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      NAMES.includes(name) && typeof value === "string"
        ? [[name, name.endsWith("_PATH") ? resolve(value) : value]]
        : [],
    ),
  );
}

/** @throws ConfigError naming each variable that is wrong, never repeating a value */
export function temporalConfig(address: string, environment: TemporalEnvironment): TemporalConfig {
  const wrong: string[] = [];
  const pem = (name: PemName, isValid: (content: Buffer) => void, what: string): Buffer | null => {
    const given = pemOf(environment, name, wrong);
    if (given === null) return null;
    try {
      isValid(given.content);
    } catch {
      wrong.push(`${given.variable}: this is not ${what} in PEM (-----BEGIN ...).`);
    }
    return given.content;
  };
  const serverCa = pem("TEMPORAL_TLS_SERVER_CA_CERT", isCertificate, "a certificate");
  const certificate = pem("TEMPORAL_TLS_CLIENT_CERT", isCertificate, "a certificate");
  const key = pem("TEMPORAL_TLS_CLIENT_KEY", createPrivateKey, "a private key without a passphrase");
  if (wrong.length === 0) wrong.push(...pairTrouble(certificate, key));
  const apiKey = environment.TEMPORAL_API_KEY ?? null;
  const serverName = environment.TEMPORAL_TLS_SERVER_NAME ?? null;
  const asksForTls = [serverCa, certificate, key, serverName, apiKey].some((given) => given !== null);
  const tls = environment.TEMPORAL_TLS === undefined ? asksForTls : isTrue(environment.TEMPORAL_TLS);
  if (isTrue(environment.TEMPORAL_TLS_DISABLE_HOST_VERIFICATION))
    wrong.push(
      "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION: not offered, whoever answers would be trusted. Name the authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH, or the expected name in TEMPORAL_TLS_SERVER_NAME.",
    );
  if (!tls && apiKey !== null)
    wrong.push("TEMPORAL_TLS: TEMPORAL_API_KEY is only sent over TLS, so this must not be false.");
  else if (!tls && asksForTls)
    wrong.push(
      "TEMPORAL_TLS: this is false, and other TEMPORAL_TLS variables ask for TLS. Unset the one or the others.",
    );
  if (wrong.length > 0) throw new ConfigError(wrong.join("\n"));
  const client = certificate === null || key === null ? null : { certificate, key };
  return {
    ...{ address, namespace: environment.TEMPORAL_NAMESPACE, apiKey },
    tls: tls ? { serverCa, client, serverName } : null,
  };
}

type PemName = "TEMPORAL_TLS_SERVER_CA_CERT" | "TEMPORAL_TLS_CLIENT_CERT" | "TEMPORAL_TLS_CLIENT_KEY";

function pemOf(
  environment: TemporalEnvironment,
  name: PemName,
  wrong: string[],
): { variable: string; content: Buffer } | null {
  const [path, data] = [environment[`${name}_PATH`], environment[`${name}_DATA`]];
  if (path !== undefined && data !== undefined) {
    wrong.push(`${name}_PATH and ${name}_DATA: both are set; keep one of them.`);
    return null;
  }
  if (data !== undefined) return { variable: `${name}_DATA`, content: Buffer.from(data) };
  if (path === undefined) return null;
  try {
    return { variable: `${name}_PATH`, content: readFileSync(path) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "it failed";
    wrong.push(`${name}_PATH: the file cannot be read (${code === "ENOENT" ? "there is none" : code}).`);
    return null;
  }
}

function isCertificate(content: Buffer): void {
  void new X509Certificate(content);
}

function pairTrouble(certificate: Buffer | null, key: Buffer | null): string[] {
  if (certificate === null && key === null) return [];
  if (key === null)
    return ["TEMPORAL_TLS_CLIENT_KEY_PATH: the client's certificate is set and its private key is not."];
  if (certificate === null)
    return ["TEMPORAL_TLS_CLIENT_CERT_PATH: the client's private key is set and its certificate is not."];
  if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return [];
  return ["TEMPORAL_TLS_CLIENT_KEY_PATH: this private key is not the one of the client's certificate."];
}

const isTrue = (value: "true" | "false" | "1" | "0" | undefined) => value === "true" || value === "1";
