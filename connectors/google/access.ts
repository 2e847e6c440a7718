/**
 * Access to Google's APIs, whichever of them: with a service account's key or somebody's refresh token, of which
 * google-auth-library makes access tokens, or with an access token that a sign-in brought. What a token is good for is asked of
 * Google, never of us.
 */
import type { JWT, OAuth2Client } from "google-auth-library";
import { z } from "zod";
import type { VendorCall } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";

/** The parts of a key file (JSON) that count. Where tokens come from is Google's own address, not what the file says. */
const serviceAccountKey = z.object({
  type: z.literal("service_account"),
  client_email: z.string().min(1),
  private_key: z.string().includes("PRIVATE KEY"),
  private_key_id: z.string().optional(),
});

/** As `gcloud` and Google's own examples write it. */
const refreshTokenKey = z.object({
  client_id: z.string().min(1),
  client_secret: z.string().min(1),
  refresh_token: z.string().min(1),
});

const anyKey = z.union([serviceAccountKey, refreshTokenKey]);
type Key = z.infer<typeof anyKey>;

const TOKEN_ORIGIN = "https://oauth2.googleapis.com";

/** A token is replaced so long before it ends, milliseconds: a call takes its time. */
const MARGIN_MS = 120_000;

export interface GoogleAccess {
  /** The origin to call in place of Google's own; the same, unless all of Google is at one base address (a stand-in). */
  originOf(origin: string): string;
  /** The header that every call carries. */
  authorization(): Promise<{ authorization: string }>;
}

/**
 * @param options.key a service account's key file or one with a refresh token (JSON), or an access token
 * @param options.ownOrigin the API's own host; `baseUrl` is another one only at a stand-in
 * @param options.bucket that fetching a token is counted in
 */
export function googleAccess(options: {
  key: string;
  scopes: readonly string[];
  baseUrl: string;
  ownOrigin: string;
  call: VendorCall;
  bucket: string;
  now: () => number;
}): GoogleAccess {
  const { key, scopes, baseUrl, ownOrigin, call, bucket, now } = options;
  const originOf = (origin: string) => (new URL(baseUrl).origin === ownOrigin ? origin : new URL(baseUrl).origin);
  if (!key.trim().startsWith("{"))
    return { originOf, authorization: async () => ({ authorization: `Bearer ${key.trim()}` }) };

  let token: { value: string; until: number } | undefined;
  let fetching: Promise<string> | undefined;

  async function fetchToken(): Promise<string> {
    // A new one each time: the library's keeps a token by a clock of its own.
    const maker = await makerOf(parseKey(key), scopes, originOf(TOKEN_ORIGIN));
    return call(bucket, "oauth.token", async (signal) => {
      // The library takes no signal; whoever waits is released by the call's own time-out.
      signal.throwIfAborted();
      const { access_token: value, expiry_date: until } = await maker();
      if (typeof value !== "string" || value === "")
        throw new ConnectorError("transient", "Google answered without an access token.");
      token = { value, until: until ?? now() };
      return value;
    });
  }

  return {
    originOf,
    async authorization() {
      if (token !== undefined && token.until - MARGIN_MS > now()) return { authorization: `Bearer ${token.value}` };
      // Calls that come while one is being fetched share it.
      fetching ??= fetchToken().finally(() => (fetching = undefined));
      return { authorization: `Bearer ${await fetching}` };
    },
  };
}

/** Never with what stands in it. */
function parseKey(key: string): Key {
  let json: unknown;
  try {
    json = JSON.parse(key);
  } catch {
    throw new ConnectorError("auth", "The key is cut off or changed: it is no JSON. Paste the whole file.");
  }
  const parsed = anyKey.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ConnectorError(
    "auth",
    "This JSON is no service account's key, and has no client_id, client_secret and refresh_token. In the Google Cloud console: IAM, Service accounts, Keys, add a key of type JSON.",
  );
}

type TokenMaker = () => Promise<{ access_token?: string | null; expiry_date?: number | null }>;

/** The library is loaded when it is needed: it takes a tenth of a second, and every command loads every connector. */
async function makerOf(key: Key, scopes: readonly string[], origin: string): Promise<TokenMaker> {
  const { JWT, OAuth2Client } = await import("google-auth-library");
  const transporterOptions = {
    // A redirect would take the signed assertion, or the refresh token, elsewhere.
    fetchImplementation: (input: string | URL | Request, init?: RequestInit) => {
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      return fetch(origin + pathname, { ...init, redirect: "manual" });
    },
  };
  if ("private_key" in key) {
    const { client_email: email, private_key, private_key_id: keyId } = key;
    const jwt = new JWT({
      ...{ email, key: private_key, scopes: [...scopes], transporterOptions },
      ...(keyId === undefined ? {} : { keyId }),
    });
    withoutRetries(jwt);
    return () => jwt.authorize();
  }
  const { client_id: clientId, client_secret: clientSecret, refresh_token } = key;
  const client = new OAuth2Client({ clientId, clientSecret, transporterOptions });
  client.setCredentials({ refresh_token });
  withoutRetries(client);
  return async () => (await client.refreshAccessToken()).credentials;
}

/** It would try a refused token four times by itself, past our quota. */
function withoutRetries({ transporter }: JWT | OAuth2Client): void {
  transporter.interceptors.request.add({
    resolved: async (request) => ({ ...request, retry: false, retryConfig: { retry: 0, noResponseRetries: 0 } }),
  });
}

/**
 * The Cloud project that Google counts calls for, as far as the credentials tell: several of our accounts can share one.
 *
 * @param key as in `googleAccess`
 */
export function projectOf(key: string): string {
  if (!key.trim().startsWith("{")) return "sign-in";
  try {
    const told = z
      .object({ project_id: z.string().optional(), client_id: z.string().optional() })
      .parse(JSON.parse(key));
    // The number before the hyphen of an app's id is its project's.
    return told.project_id ?? told.client_id?.split("-")[0] ?? "unknown";
  } catch {
    return "unknown";
  }
}
