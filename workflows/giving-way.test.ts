import { setTimeout as sleepFor } from "node:timers/promises";
import { expect, it } from "vitest";
import { createGivingWay } from "./giving-way.ts";

/** A clock of its own: whoever sleeps is woken when it is moved that far. */
function place() {
  let at = 0;
  let sleeping: { until: number; wake(): void }[] = [];
  const givingWay = createGivingWay({
    now: () => at,
    sleep: (ms) => new Promise<void>((resolve) => void sleeping.push({ until: at + ms, wake: resolve })),
  });
  /** Everything that can go on has. */
  const settled = () => sleepFor(0);
  const pass = async (ms: number): Promise<void> => {
    for (const end = at + ms; at < end; at += 10) {
      await settled();
      const due = sleeping.filter(({ until }) => until <= at);
      sleeping = sleeping.filter(({ until }) => until > at);
      for (const { wake } of due) wake();
    }
    await settled();
  };
  const queue = "engine";
  const step = (workspaceId: string, work: () => Promise<unknown>) => givingWay.step({ workspaceId, queue }, work);
  /** A step of many portions, each of so many milliseconds. */
  const large = (workspaceId: string, log: string[], portions: number, ms: number) =>
    step(workspaceId, async () => {
      const inPortions = givingWay.portions();
      for (let n = 1; n <= portions; n += 1)
        await inPortions(async () => {
          // It looks every few milliseconds: told to the tenth of a second before.
          log.push(`${workspaceId}${n} at ${at - (at % 100)}`);
          await new Promise<void>((resolve) => void sleeping.push({ until: at + ms, wake: resolve }));
        });
    });
  const small = (workspaceId: string, ms: number) =>
    step(workspaceId, () => new Promise<void>((resolve) => void sleeping.push({ until: at + ms, wake: resolve })));
  return { givingWay, pass, large, small, step };
}

it("large work waits between portions for what another workspace has begun, and for its next step", async () => {
  const { pass, large, small } = place();
  const log: string[] = [];
  void large("a", log, 3, 1_000);
  await pass(500);
  void small("b", 800);
  await pass(5_000);
  // The portion under way is ended; then b's step until 1,300, and as long as the next one may take to come.
  expect(log).toEqual(["a1 at 0", "a2 at 1500", "a3 at 2500"]);
});

it("large work keeps half of its pace, however much the others have to do", async () => {
  const { pass, large, small } = place();
  const log: string[] = [];
  void large("a", log, 3, 1_000);
  const others = async () => {
    for (let n = 0; n < 40; n += 1) await small(`b${n}`, 300);
  };
  void others();
  await pass(6_000);
  expect(log).toEqual(["a1 at 0", "a2 at 2000", "a3 at 4000"]);
});

it("neither its own workspace's steps nor large ones nor who waits for a vendor hold it up", async () => {
  const { pass, large, small } = place();
  const log: string[] = [];
  void small("slow vendor", 60_000);
  await pass(2_500);
  void large("a", log, 2, 100);
  void small("a", 5_000);
  void large("c", [], 50, 100);
  // Of c the first portion is small work.
  await pass(1_000);
  expect(log).toHaveLength(2);
});

it("of portions that wait for their turn that of the workspace with the fewest goes first", async () => {
  const { givingWay, pass, step } = place();
  const order: string[] = [];
  const ends: (() => void)[] = [];
  const portionOf = (workspaceId: string) =>
    step(workspaceId, async () => {
      const inPortions = givingWay.portions();
      await inPortions(() => Promise.resolve());
      await inPortions(
        () =>
          new Promise<void>((resolve) => {
            order.push(workspaceId);
            ends.push(resolve);
          }),
      );
    });
  for (let n = 0; n < 6; n += 1) void portionOf("a");
  await pass(1_000);
  void portionOf("b");
  await pass(1_000);
  expect(order).toEqual(["a", "a", "a", "a"]);
  ends[0]?.();
  await pass(100);
  expect(order.slice(4)).toEqual(["b"]);
  ends[1]?.();
  await pass(100);
  expect(order.slice(5)).toEqual(["a"]);
});

it("a step is asked to end where its queue's places are nearly taken, and only there", async () => {
  const { givingWay, small, pass } = place();
  const ask = (queue: string) => givingWay.step({ workspaceId: "a", queue }, async () => givingWay.isCrowded());
  expect(await ask("engine")).toBe(false);
  for (let n = 0; n < 95; n += 1) void small(`b${n}`, 1_000);
  await pass(10);
  expect([await ask("engine"), await ask("vendor")]).toEqual([true, false]);
});
