/** What we ask and what the stand-in answers, against Google's own descriptors of v24, where a copy of them is at hand. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dayBefore, clickSeed, campaignSeed, figureSeed, seedOf, ACCOUNT } from "./fixtures.ts";
import { openForContract, readToEnd } from "#connectors/core/contract-suite/account.ts";
import { googleAds } from "./index.ts";
import { startGoogleAdsTwin } from "./twin/index.ts";
import type { GoogleAdsTwin } from "./twin/index.ts";

/** Of the npm package google-ads-node (build/protos/protos.json); it is too large to be kept here. */
const PATH =
  process.env["GOOGLE_ADS_PROTOS"] ??
  fileURLToPath(new URL("../../../shared/specs/google-ads/google-ads-v24-protos.json", import.meta.url));

interface Node {
  nested?: Record<string, Node>;
  fields?: Record<string, { type: string; rule?: string }>;
  values?: Record<string, number>;
}

const PACKAGE = "google.ads.googleads.v24";
const camel = (name: string) => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

describe.skipIf(!existsSync(PATH))(
  "Google's descriptors (not here if skipped: GOOGLE_ADS_PROTOS names the file)",
  () => {
    let root: Node;
    let twin: GoogleAdsTwin;
    const bodies: { path: string; sent: string; got: unknown }[] = [];
    beforeAll(async () => {
      root = JSON.parse(readFileSync(PATH, "utf8")) as Node;
      twin = await startGoogleAdsTwin();
      const now = Date.now();
      twin.load(
        seedOf({
          campaigns: [campaignSeed(0)],
          figures: [figureSeed(0, dayBefore(now, 1))],
          clicks: [clickSeed(0, dayBefore(now, 1), { keyword: "rye bread" })],
        }),
      );
      const real = globalThis.fetch;
      globalThis.fetch = async (input, init) => {
        const reply = await real(input, init);
        const got: unknown = await reply.clone().json();
        const path = input instanceof Request ? input.url : input.toString();
        bodies.push({ path, sent: typeof init?.body === "string" ? init.body : "{}", got });
        return reply;
      };
      const settings = { backfillDays: 3, clickDays: 3 };
      const credentials = { key: twin.accessToken };
      const connection = openForContract(googleAds, { settings, credentials, baseUrl: twin.url });
      try {
        await connection.check();
        await readToEnd(connection, "spend");
        await readToEnd(connection, "clicks");
        // A refusal too.
        const wrong = openForContract(googleAds, {
          settings,
          credentials: { ...credentials, customerId: "1234567890" },
          baseUrl: twin.url,
        });
        await wrong.check().catch(() => undefined);
      } finally {
        globalThis.fetch = real;
      }
    });
    afterAll(() => twin.close());

    const find = (path: string): Node => {
      let node: Node = root;
      for (const part of path.split(".")) node = node.nested?.[part] ?? {};
      return node;
    };
    /** A type's name as it stands in a field, from where it stands. */
    const typeOf = (name: string, from: string): [Node, string] => {
      for (let scope = from; ; scope = scope.slice(0, Math.max(0, scope.lastIndexOf(".")))) {
        const path = scope === "" ? name : `${scope}.${name}`;
        const node = find(path);
        if (node.fields !== undefined || node.values !== undefined) return [node, path];
        if (scope === "") return [{}, name];
      }
    };

    function problems(value: unknown, type: string, from: string, at: string): string[] {
      if (["int64", "uint64"].includes(type))
        return typeof value === "string" && /^-?\d+$/.test(value) ? [] : [`${at}: int64 as text`];
      if (["int32", "double", "float"].includes(type)) return typeof value === "number" ? [] : [`${at}: number`];
      if (type === "string") return typeof value === "string" ? [] : [`${at}: text`];
      if (type === "bool") return typeof value === "boolean" ? [] : [`${at}: boolean`];
      if (type.startsWith("google.protobuf.")) return typeof value === "string" ? [] : [`${at}: ${type}`];
      const [node, path] = typeOf(type, from);
      if (node.values !== undefined)
        return String(value) in node.values ? [] : [`${at}: ${String(value)} is not in ${path}`];
      if (node.fields === undefined) return [`${at}: ${type} is not known`];
      return messageProblems(value, node, path, at);
    }

    function messageProblems(value: unknown, node: Node, path: string, at: string): string[] {
      const fields = new Map(Object.entries(node.fields ?? {}).map(([name, field]) => [camel(name), field]));
      return Object.entries(value as Record<string, unknown>).flatMap(([name, inner]) => {
        const field = fields.get(name);
        if (field === undefined) return [`${at}.${name}: no such field in ${path}`];
        if (field.rule !== "repeated") return problems(inner, field.type, path, `${at}.${name}`);
        return (inner as unknown[]).flatMap((one) => problems(one, field.type, path, `${at}.${name}[]`));
      });
    }

    it("know every field that we send and that the stand-in answers", () => {
      const searches = bodies.filter(({ path }) => path.endsWith("googleAds:search"));
      expect(searches.length).toBeGreaterThan(3);
      for (const { sent, got } of searches) {
        const request = { customerId: ACCOUNT, ...(JSON.parse(sent) as object) };
        expect(problems(request, "SearchGoogleAdsRequest", `${PACKAGE}.services`, "request")).toEqual([]);
        if (typeof got === "object" && got !== null && !("error" in got))
          expect(problems(got, "SearchGoogleAdsResponse", `${PACKAGE}.services`, "reply")).toEqual([]);
      }
      const lists = bodies.filter(({ path }) => path.endsWith("listAccessibleCustomers"));
      for (const { got } of lists)
        expect(problems(got, "ListAccessibleCustomersResponse", `${PACKAGE}.services`, "reply")).toEqual([]);
    });

    it("know the form of a refusal and its code", () => {
      const refusals = bodies.flatMap(({ got }) =>
        typeof got === "object" && got !== null && "error" in got
          ? [(got as { error: { details: object[] } }).error]
          : [],
      );
      expect(refusals).toHaveLength(1);
      for (const { details } of refusals)
        for (const { "@type": _type, ...failure } of details as Record<string, unknown>[])
          expect(problems(failure, "GoogleAdsFailure", `${PACKAGE}.errors`, "failure")).toEqual([]);
    });

    it("know every field of our queries", () => {
      const queries = bodies.flatMap(({ sent }) => (JSON.parse(sent) as { query?: string }).query ?? []);
      const fields = new Set(queries.flatMap((query) => /^SELECT (.+) FROM/.exec(query)?.[1]?.split(/, +/) ?? []));
      expect(fields.size).toBeGreaterThan(20);
      for (const field of fields) {
        let node: [Node, string] = typeOf("GoogleAdsRow", `${PACKAGE}.services`);
        for (const part of field.split(".")) {
          const found = Object.entries(node[0].fields ?? {}).find(([name]) => camel(name) === camel(part));
          expect(found, field).toBeDefined();
          node = typeOf(found?.[1].type ?? "", node[1]);
        }
      }
    });
  },
);
