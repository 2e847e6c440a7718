/** Double opt-in: a question by message, a yes by whoever holds the address. Pure but for randomness, which is passed in. */
import { hash } from "node:crypto";
import { UNCONFIRMED_DAYS } from "./timed.ts";

/** 128 bits: nobody guesses one. */
export const TOKEN_BYTES = 16;

/** What the address is sent, and what is kept to recognise it by. */
export interface Token {
  token: string;
  hash: Buffer;
}

export function tokenOf(random: Buffer): Token {
  if (random.length < TOKEN_BYTES) throw new Error(`A token needs ${TOKEN_BYTES} random bytes.`);
  const token = random.toString("base64url");
  return { token, hash: tokenHash(token) };
}

export const tokenHash = (token: string): Buffer => hash("sha256", token, "buffer");

/** @param askedAt ISO 8601 */
export const lapsesAt = (askedAt: string): string =>
  new Date(Date.parse(askedAt) + UNCONFIRMED_DAYS * 86_400_000).toISOString();

/** Scanners open every link of a message: only what a person sends counts. */
export const confirmsBy = (method: string): boolean => method.toUpperCase() === "POST";
