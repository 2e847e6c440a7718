import { expect, it } from "vitest";
import { connectors } from "#connectors/registry.ts";
import { namedAccounts, wantsDemo } from "./real-accounts.ts";

const demo = { slug: "demo" };
const main = { slug: "main" };
const [first] = connectors;
if (first?.auth.kind !== "token") throw new Error("The first connector asks for a token.");
const token = Object.fromEntries(first.auth.fields.map(({ env }) => [env, "secret"]));
const one = namedAccounts(token);

it("finds the accounts that the environment names, whole ones only", () => {
  expect(one.map(({ connector }) => connector.id)).toEqual([first.id]);
  expect(namedAccounts({})).toEqual([]);
  expect(namedAccounts(Object.fromEntries(Object.keys(token).map((name) => [name, ""])))).toEqual([]);
});

it("runs the fictitious shop only where nothing real is named or connected, unless it is asked for", () => {
  expect(wantsDemo(undefined, [], [])).toBe(true);
  expect(wantsDemo(undefined, [], [demo])).toBe(true);
  expect(wantsDemo(undefined, one, [])).toBe(false);
  expect(wantsDemo(undefined, one, [demo])).toBe(false);
  expect(wantsDemo(undefined, [], [main])).toBe(false);
  expect(wantsDemo(undefined, [], [demo, main])).toBe(false);
  expect(wantsDemo(true, one, [main])).toBe(true);
  expect(wantsDemo(false, [], [])).toBe(false);
});
