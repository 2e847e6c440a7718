import { expect, it } from "vitest";
import { parseStartOptions } from "./options.ts";

const parse = (...args: string[]) => parseStartOptions(["node", "start", ...args]);

it("starts a business of 2,000 customers, approves its demo's first plan and keeps running when nothing is said", () => {
  expect(parse()).toEqual({
    customers: 2_000,
    seed: 1,
    tools: null,
    fresh: false,
    dataDir: undefined,
    once: false,
    approve: true,
    port: undefined,
    refreshMinutes: 15,
    watch: false,
    verbose: false,
  });
});

it("understands numbers the way people write them", () => {
  expect(parse("--customers", "20,000").customers).toBe(20_000);
});

it("leaves the first plan waiting with --no-approve", () => {
  expect(parse("--no-approve").approve).toBe(false);
});

it("leaves the fictitious shop open, asked for or refused", () => {
  const demoOf = (...words: string[]) => parseStartOptions(["node", "start", ...words]).demo;
  expect([demoOf(), demoOf("--demo"), demoOf("--no-demo")]).toEqual([undefined, true, false]);
});
