/**
 * One process does many workspaces' steps, and each waits for the same processor and the same database. Work of many portions
 * gives way: between two of them it waits for what other workspaces have begun meanwhile, which is little (docs/decisions/028).
 * Temporal decides who gets a worker; this decides among those who have got the same one.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as sleepFor } from "node:timers/promises";
import type { ActivityInterceptorsFactory } from "@temporalio/worker";
import { runFieldsOf } from "./telemetry/run-fields.ts";

/** Steps of a queue that a process takes at a time: Temporal's own figure. */
export const MOST_STEPS = 100;

/** With so many under way, large work gives its place back: what waits for one may be small. */
const CROWDED = 90;

/** Portions under way at a time, of all large work together: more keep one processor no busier, and hold connections. */
const PORTIONS = 4;

/** A step that has taken so long without being large waits for a vendor. */
const SMALL_FOR_MS = 2_000;

/** A small refresh is some steps one after the other, with Temporal in between. */
const BETWEEN_STEPS_MS = 200;

/** Waited for at least; else as long as the portion before took, so that large work keeps about half of its pace. */
const LEAST_PATIENCE_MS = 500;

const LOOK_MS = 20;

interface Step {
  workspaceId: string;
  queue: string;
  begunAt: number;
  large: boolean;
  /** Of its portions, the last one. */
  tookMs: number;
}

export type Portions = <T>(portion: () => Promise<T>) => Promise<T>;

export interface GivingWay {
  /** Does a step of a workspace, from its beginning to its end. */
  step<T>(of: Pick<Step, "workspaceId" | "queue">, work: () => Promise<T>): Promise<T>;
  /**
   * For the step under way here: what runs its portions, one after the other. The first begins at once. A portion is some
   * thousand rows, or what takes about a second.
   */
  portions(): Portions;
  /** The step under way here should end and go on in another: others may wait for its place. */
  isCrowded(): boolean;
}

export interface GivingWayOptions {
  now?: () => number;
  sleep?: (ms: number) => Promise<unknown>;
}

interface Waiting {
  workspaceId: string;
  begin(): void;
}

export function createGivingWay({ now = performance.now.bind(performance), sleep = sleepFor }: GivingWayOptions = {}) {
  const here = new AsyncLocalStorage<Step>();
  const underWay = new Set<Step>();
  /** By workspace: when its last small step ended. */
  const endedAt = new Map<string, number>();
  /** By workspace: portions under way. */
  const portions = new Map<string, number>();
  const waiting: Waiting[] = [];

  function othersAtWork(workspaceId: string): boolean {
    const at = now();
    for (const step of underWay)
      if (step.workspaceId !== workspaceId && !step.large && at - step.begunAt < SMALL_FOR_MS) return true;
    for (const [other, ended] of endedAt)
      if (at - ended >= BETWEEN_STEPS_MS) endedAt.delete(other);
      else if (other !== workspaceId) return true;
    return false;
  }

  async function giveWay({ workspaceId, tookMs }: Step): Promise<void> {
    const until = now() + Math.max(LEAST_PATIENCE_MS, tookMs);
    while (now() < until && othersAtWork(workspaceId)) await sleep(LOOK_MS);
  }

  const ofAll = () => portions.values().reduce((sum, count) => sum + count, 0);
  const begin = (workspaceId: string) => portions.set(workspaceId, (portions.get(workspaceId) ?? 0) + 1);

  async function enter(workspaceId: string): Promise<void> {
    if (ofAll() < PORTIONS) return void begin(workspaceId);
    await new Promise<void>((resolve) => void waiting.push({ workspaceId, begin: resolve }));
  }

  /** The place goes to the workspace that has the fewest, and to who of it has waited longest. */
  function leave(workspaceId: string): void {
    const left = (portions.get(workspaceId) ?? 1) - 1;
    if (left === 0) portions.delete(workspaceId);
    else portions.set(workspaceId, left);
    const fewest = Math.min(...waiting.map((one) => portions.get(one.workspaceId) ?? 0));
    const at = waiting.findIndex((one) => (portions.get(one.workspaceId) ?? 0) === fewest);
    const [next] = at < 0 ? [] : waiting.splice(at, 1);
    if (next === undefined) return;
    begin(next.workspaceId);
    next.begin();
  }

  const givingWay: GivingWay = {
    async step(of, work) {
      const step = { ...of, begunAt: now(), large: false, tookMs: 0 };
      underWay.add(step);
      try {
        return await here.run(step, work);
      } finally {
        underWay.delete(step);
        if (!step.large) endedAt.set(step.workspaceId, now());
      }
    },

    portions() {
      const step = here.getStore();
      let first = true;
      return async (portion) => {
        if (step === undefined) return portion();
        const free = first;
        first = false;
        if (!free) {
          step.large = true;
          await giveWay(step);
          await enter(step.workspaceId);
        }
        const startedAt = now();
        try {
          return await portion();
        } finally {
          step.tookMs = now() - startedAt;
          if (!free) leave(step.workspaceId);
        }
      };
    },

    isCrowded() {
      const queue = here.getStore()?.queue;
      return [...underWay].filter((step) => step.queue === queue).length >= CROWDED;
    },
  };
  return givingWay;
}

/** Each activity is a step of the workspace that its input names. */
export const takingPart =
  (givingWay: GivingWay): ActivityInterceptorsFactory =>
  ({ info }) => ({
    inbound: {
      execute(input, next) {
        const { workspaceId } = runFieldsOf(input.args);
        if (workspaceId === undefined) return next(input);
        return givingWay.step({ workspaceId, queue: info.taskQueue }, () => next(input));
      },
    },
  });
