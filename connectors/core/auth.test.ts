import { expect, it } from "vitest";
import { connectors } from "../registry.ts";
import { credentialsFrom, environmentFor, secretPatternsOf, type Auth } from "./auth.ts";

const auth: Auth = {
  kind: "token",
  fields: [
    { name: "shop", title: "shop", secret: false, env: "ACME_SHOP", where: "" },
    { name: "token", title: "token", secret: true, env: "ACME_TOKEN", where: "" },
  ],
  secretPatterns: [/\bacme_\w{8,}/g],
};

it("takes credentials from the environment whole or not at all", () => {
  expect(credentialsFrom(auth, { ACME_SHOP: "tea", ACME_TOKEN: " acme_12345678\n" })).toEqual({
    shop: "tea",
    token: "acme_12345678",
  });
  for (const half of [{ ACME_SHOP: "tea" }, { ACME_SHOP: "tea", ACME_TOKEN: " " }, {}])
    expect(credentialsFrom(auth, half)).toBeNull();
  expect(credentialsFrom({ kind: "none", instead: "" }, { ACME_SHOP: "tea" })).toBeNull();
});

it("gives back the variables that it takes credentials from", () => {
  const credentials = { shop: "tea", token: "acme_12345678" };
  const lines = environmentFor(auth, credentials);
  expect(lines).toEqual(["ACME_SHOP=tea", "ACME_TOKEN=acme_12345678"]);
  expect(credentialsFrom(auth, Object.fromEntries(lines.map((line) => line.split("="))))).toEqual(credentials);
});

it("is declared by every connector in a way that its own schema accepts", () => {
  const variables = connectors.flatMap(({ auth }) => (auth.kind === "token" ? auth.fields.map(({ env }) => env) : []));
  expect(new Set(variables).size).toBe(variables.length);
  for (const { auth, parseCredentials } of connectors) {
    const given = auth.kind === "token" ? Object.fromEntries(auth.fields.map(({ name }) => [name, "x"])) : {};
    expect(parseCredentials(given)).toEqual(given);
  }
  // `replaceAll` and repeated `replace` need it.
  for (const pattern of secretPatternsOf(connectors)) expect(pattern.flags).toContain("g");
});
