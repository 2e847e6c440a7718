/** Google's token address, for service accounts: the assertion is checked, signature and all (RFC 7523). */
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Reply, Route } from "#connectors/core/twin/route.ts";
import { ok } from "#connectors/core/twin/route.ts";
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import { z } from "zod";

const AUDIENCE = "https://oauth2.googleapis.com/token";
const GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const LIFE_SECONDS = 3_599;

const claims = z.looseObject({ iss: z.string(), scope: z.string(), aud: z.string(), exp: z.number(), iat: z.number() });

export interface ServiceAccount {
  email: string;
  /** The key file, as the Cloud console hands it out. */
  keyFile: string;
  publicKey: KeyObject;
}

/** A key of its own for each: a fixture holds none. */
export function makeServiceAccount(): ServiceAccount {
  const { privateKey } = generateKeyPairSync("rsa", {
    modulusLength: 2_048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const email = "reader@twin-project.iam.gserviceaccount.com";
  const keyFile = JSON.stringify({
    ...{ type: "service_account", project_id: "twin-project", private_key_id: "twin-key", private_key: privateKey },
    ...{ client_email: email, client_id: "1", token_uri: "https://elsewhere.example/token" },
  });
  return { email, keyFile, publicKey: createPublicKey(privateKey) };
}

const refused = (error: string, error_description: string): VendorError =>
  new VendorError(400, error_description, { error, error_description });

export function tokenRoute(account: () => ServiceAccount | null, issue: (scope: string) => string): Route {
  return {
    handle(call): Reply {
      const form = new URLSearchParams(call.text);
      if (form.get("grant_type") !== GRANT) throw refused("unsupported_grant_type", "Invalid grant_type.");
      const { iss, scope, aud, exp, iat } = verified(form.get("assertion") ?? "", account());
      const now = Date.now() / 1_000;
      if (aud !== AUDIENCE) throw refused("invalid_grant", "Invalid JWT: Failed audience check.");
      if (exp - iat > 3_600 || exp < now || iat > now + 60)
        throw refused("invalid_grant", "Invalid JWT: Token must be a short-lived token.");
      if (iss !== account()?.email) throw refused("invalid_grant", "Invalid grant: account not found");
      return ok({ access_token: issue(scope), expires_in: LIFE_SECONDS, token_type: "Bearer" });
    },
  };
}

function verified(assertion: string, account: ServiceAccount | null): z.infer<typeof claims> {
  const [header = "", body = "", signature = ""] = assertion.split(".");
  const signed =
    account !== null &&
    verify("RSA-SHA256", Buffer.from(`${header}.${body}`), account.publicKey, Buffer.from(signature, "base64url"));
  if (!signed) throw refused("invalid_grant", "Invalid JWT Signature.");
  return claims.parse(JSON.parse(Buffer.from(body, "base64url").toString()));
}
