/** Whom we believe. Signatures here are made by the vendors' own libraries where there are any, never by the code under test. */
import { createHmac } from "node:crypto";
import { Signature } from "@hubspot/api-client";
import { Stripe } from "stripe";
import { describe, expect, it } from "vitest";
import { connectors } from "#connectors/registry.ts";
import { hubspot } from "#connectors/hubspot/index.ts";
import { klaviyo } from "#connectors/klaviyo/index.ts";
import { stripe } from "#connectors/stripe/index.ts";
import type { Connector } from "./contract.ts";
import { doubtAbout, secretsFrom, secretsIn, type WebhookRequest, type Webhooks } from "./webhooks.ts";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const MINUTE = 60_000;
const SECRET = "whsec_a-secret-of-the-endpoint";
const URL_OF = "https://tributary.example.com/webhooks/x";

interface Signer {
  webhooks: Webhooks;
  /** Headers for the body as the vendor sends them. */
  headers(body: string, at: number, secret?: string): Record<string, string>;
}

const webhooksOf = ({ webhooks }: Connector): Webhooks => {
  if (webhooks === undefined) throw new Error("It takes no webhooks.");
  return webhooks;
};

const SIGNERS: Record<string, Signer> = {
  hubspot: {
    webhooks: webhooksOf(hubspot),
    headers: (requestBody, timestamp, clientSecret = SECRET) => ({
      "x-hubspot-request-timestamp": String(timestamp),
      "x-hubspot-signature-v3": Signature.getSignature("POST", "v3", {
        ...{ clientSecret, requestBody, timestamp, url: URL_OF, signature: "" },
      }),
    }),
  },
  klaviyo: {
    webhooks: webhooksOf(klaviyo),
    // Klaviyo's SDK has no helper for it.
    headers: (body, at, secret = SECRET) => ({
      "klaviyo-timestamp": String(at),
      "klaviyo-signature": createHmac("sha256", secret).update(`${body}${at}`).digest("hex"),
    }),
  },
  stripe: {
    webhooks: webhooksOf(stripe),
    headers: (payload, at, secret = SECRET) => ({
      "stripe-signature": Stripe.webhooks.generateTestHeaderString({
        ...{ payload, secret, timestamp: Math.floor(at / 1_000) },
      }),
    }),
  },
};

it("every connector that takes webhooks is tried here, and has streams that can be asked by id", () => {
  const taking = connectors.filter(({ webhooks }) => webhooks !== undefined);
  expect(Object.keys(SIGNERS).toSorted()).toEqual(taking.map(({ id }) => id).toSorted());
  for (const { id, streams } of taking)
    expect([id, Object.values(streams).some(({ finds }) => finds)]).toEqual([id, true]);
});

describe.each(Object.entries(SIGNERS))("a request of %s", (_, { webhooks, headers }) => {
  const body = JSON.stringify([{ eventId: 1, name: "Zoë" }]);
  const doubt = (change: Partial<WebhookRequest> = {}, { secrets = [SECRET], at = NOW } = {}) =>
    doubtAbout(
      webhooks,
      { method: "POST", url: URL_OF, headers: headers(body, at), body: Buffer.from(body), ...change },
      secrets,
      NOW,
    );
  const name = Object.keys(headers("", NOW)).find((header) => header.includes("signature")) ?? "";

  it("is believed as its own library signs it", () => expect(doubt()).toBeNull());

  it("is not believed when one byte of its body is another", () => {
    for (let at = 0; at < Buffer.byteLength(body); at += 1) {
      const altered = Buffer.from(body);
      altered[at] = (altered[at] ?? 0) ^ 1;
      expect(doubt({ body: altered })).toBe("wrong signature");
    }
  });

  it("is not believed without its headers, with empty ones, or with several", () => {
    for (const header of Object.keys(headers(body, NOW)))
      for (const value of [undefined, "", ["a", "b"], "non-sense!"])
        expect([header, value, doubt({ headers: { ...headers(body, NOW), [header]: value } })]).toEqual([
          ...[header, value, "unsigned"],
        ]);
  });

  it("is not believed with a signature cut short or made longer", () => {
    const signature = headers(body, NOW)[name] ?? "";
    for (const altered of [signature.slice(0, -4), `${signature}0000`, signature.slice(0, -1)])
      expect(doubt({ headers: { ...headers(body, NOW), [name]: altered } })).toMatch(/wrong signature|unsigned/);
  });

  it("is not believed ten minutes later, nor when it comes from the future", () => {
    expect(doubt({}, { at: NOW - 10 * MINUTE })).toBe("too old");
    expect(doubt({}, { at: NOW + 10 * MINUTE })).toBe("from the future");
    expect(doubt({}, { at: NOW - 4 * MINUTE })).toBeNull();
    // Clocks differ.
    expect(doubt({}, { at: NOW + 30_000 })).toBeNull();
  });

  it("is not believed with a time of its own choosing", () => {
    const late = headers(body, NOW - 10 * MINUTE);
    const renewed = Object.fromEntries(
      Object.entries(late).map(([header, value]) => [
        header,
        value
          .replace(String(NOW - 10 * MINUTE), String(NOW))
          .replace(`t=${(NOW - 10 * MINUTE) / 1_000}`, `t=${NOW / 1_000}`),
      ]),
    );
    expect(renewed).not.toEqual(late);
    expect(doubt({ headers: renewed })).toBe("wrong signature");
  });

  it("is believed with either secret while one replaces another, and with no other", () => {
    expect(doubt({}, { secrets: ["a-newer-secret", SECRET] })).toBeNull();
    expect(doubt({}, { secrets: [SECRET, "a-newer-secret"] })).toBeNull();
    expect(doubt({}, { secrets: ["a-newer-secret"] })).toBe("wrong signature");
    expect(doubt({}, { secrets: [] })).toBe("wrong signature");
  });
});

it("the environment holds several secrets of an app, a connection's credentials its own", () => {
  expect(secretsFrom({ env: "X" }, { X: " one-secret, two-secret ,," })).toEqual(["one-secret", "two-secret"]);
  expect(secretsFrom({ env: "X" }, {})).toEqual([]);
  expect(secretsIn({ apiKey: "k", webhookSecrets: ["whsec_1234"] })).toEqual(["whsec_1234"]);
  for (const nothing of [null, {}, { webhookSecrets: "whsec_1234" }, { webhookSecrets: ["short"] }])
    expect(secretsIn(nothing)).toEqual([]);
});
