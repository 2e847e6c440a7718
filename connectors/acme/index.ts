/** Acme: people and what they bought. */
import { defineConnector } from "#connectors/core/contract.ts";
import { auth } from "./auth.ts";
import type { AcmeClient } from "./client.ts";
import { costs } from "./costs.ts";
import { classify } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { credentials, settings } from "./settings.ts";
import { orders, people } from "./streams.ts";
import { writeBack } from "./write-back.ts";

export const acme = defineConnector({
  id: "acme",
  title: "Acme",
  settings,
  credentials,
  auth,
  baseUrl: "https://api.acme.example",
  limits: LIMITS,
  costs,
  connect: async (environment) => (await import("./client.ts")).connect(environment),
  classify,
  check: (client: AcmeClient) => client.account(),
  streams: { people, orders },
  writeBack,
});
