/**
 * What Google's secrets look like, wherever they turn up: private keys, access tokens, client secrets, refresh tokens. Read
 * 2026-11: https://cloud.google.com/docs/authentication/token-types
 */
export const SECRET_PATTERNS = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
  /\bya29\.[\w.-]{8,}/g,
  /\bGOCSPX-[\w-]{8,}/g,
  /\b1\/\/[\w-]{20,}/g,
];
