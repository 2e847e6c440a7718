/** Google's token address: access tokens for a refresh token, or for an assertion that a service account signed. */
import { createVerify } from "node:crypto";
import { z } from "zod";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Reply, Route } from "#connectors/core/twin/route.ts";
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { GoogleAdsAccount } from "./account.ts";

export interface Credentials {
  /** Always accepted, as of a sign-in; others are handed out here. */
  accessToken: string;
  client?: { id: string; secret: string; refreshToken: string };
  serviceAccount?: { email: string; publicKey: string };
}

const LIFE_SECONDS = 3_599;
const GRACE_SECONDS = 300;

const claimsForm = z.object({ iss: z.string(), scope: z.string(), aud: z.string(), exp: z.number(), iat: z.number() });

export class TokenAddress {
  readonly route: Route;
  readonly #credentials: Credentials;
  readonly #account: GoogleAdsAccount;
  /** Access tokens that were handed out, and when they end: by the real clock, as the library counts. */
  readonly #tokens = new Map<string, number>();

  constructor(credentials: Credentials, account: GoogleAdsAccount) {
    this.#credentials = credentials;
    this.#account = account;
    this.route = { handle: (call) => this.#grant(call) };
  }

  async close(): Promise<void> {}

  accepts(authorization: string): boolean {
    const token = authorization.replace(/^Bearer /, "");
    if (token === this.#credentials.accessToken) return true;
    return (this.#tokens.get(token) ?? 0) > Date.now();
  }

  #grant(call: Call): Reply {
    const form = new URLSearchParams(call.text);
    if (this.#account.faults.revoked) throw refusal("invalid_grant", "Token has been expired or revoked.");
    switch (form.get("grant_type")) {
      case "refresh_token":
        this.#checkClient(form);
        break;
      case "urn:ietf:params:oauth:grant-type:jwt-bearer":
        this.#checkAssertion(form.get("assertion") ?? "");
        break;
      default:
        throw refusal("unsupported_grant_type", "Invalid grant_type.");
    }
    const token = `ya29.twin-${this.#tokens.size + 1}`;
    this.#tokens.set(token, Date.now() + LIFE_SECONDS * 1_000);
    return ok({ access_token: token, expires_in: LIFE_SECONDS, token_type: "Bearer" });
  }

  #checkClient(form: URLSearchParams): void {
    const { client } = this.#credentials;
    if (client === undefined || form.get("client_id") !== client.id || form.get("client_secret") !== client.secret)
      throw refusal("invalid_client", "The OAuth client was not found.", 401);
    if (form.get("refresh_token") !== client.refreshToken) throw refusal("invalid_grant", "Bad Request");
  }

  #checkAssertion(assertion: string): void {
    const { serviceAccount } = this.#credentials;
    const [header = "", payload = "", signature = ""] = assertion.split(".");
    const signed = createVerify("RSA-SHA256").update(`${header}.${payload}`);
    if (serviceAccount === undefined || !signed.verify(serviceAccount.publicKey, signature, "base64url"))
      throw refusal("invalid_grant", "Invalid JWT Signature.");
    const claims = claimsForm.parse(JSON.parse(Buffer.from(payload, "base64url").toString()));
    if (claims.iss !== serviceAccount.email) throw refusal("invalid_grant", "Invalid grant: account not found");
    if (claims.aud !== "https://oauth2.googleapis.com/token") throw refusal("invalid_grant", "Invalid JWT: audience.");
    const now = Date.now() / 1_000;
    if (claims.exp - claims.iat > 3_600 || claims.exp < now || claims.iat > now + GRACE_SECONDS)
      throw refusal("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes).");
    if (claims.scope === "") throw refusal("invalid_scope", "Empty or missing scope not allowed.");
  }
}

function refusal(error: string, description: string, status = 400): VendorError {
  return new VendorError(status, description, { error, error_description: description });
}
