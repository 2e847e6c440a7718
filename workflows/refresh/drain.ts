/** Repeating a batch until nothing is left, side by side here and on other workers. */
import type { WorkspaceId } from "#profile/ids.ts";
import type { Dependencies } from "../dependencies.ts";
import type { Left, SharedStep } from "./messages.ts";

/** Batches side by side where they lock only what they take: two keep a database and a worker busy at the same time. */
const LANES = 2;

/** After so many batches others are asked to help with the rest. */
const SHARED_AFTER = 4;

type Batch = (workspaceId: WorkspaceId, at: string) => Promise<{ more: boolean }>;

/** A step of a run that is under way in this process. */
interface UnderWay {
  ended: Promise<Left | undefined>;
  /** Somebody came who may know of work that was passed over. */
  again: boolean;
  helpers: Set<number>;
}

export function createDrain(deps: Dependencies) {
  const underWay = new Map<string, UnderWay>();

  /**
   * Every batch commits by itself, so a lost worker loses no finished one. With several lanes one batch is worked out here
   * while another one is looked up or stored by the database.
   *
   * @returns what is left for others to help with
   */
  async function drain(
    input: SharedStep,
    step: string,
    batch: Batch,
    { before = () => Promise.resolve() }: { before?: (at: string) => Promise<unknown> } = {},
  ): Promise<Left | undefined> {
    const key = `${input.runId} ${step}`;
    const known = underWay.get(key);
    if (known !== undefined) {
      known.again = true;
      const { part } = input.helps ?? {};
      // Whoever comes again was given up for lost: the one under way here may be its own, for which nobody waits any more.
      if (part === undefined || known.helpers.has(part)) return known.ended;
      known.helpers.add(part);
      return undefined;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Left | undefined>();
    // Nobody may be waiting to be told.
    promise.catch(() => undefined);
    const helpers = new Set(input.helps === undefined ? [] : [input.helps.part]);
    const mine: UnderWay = { ended: promise, again: false, helpers };
    underWay.set(key, mine);
    try {
      const left = await toItsEnd(input, step, batch, { before, mine, over: () => underWay.delete(key) });
      resolve(left);
      return left;
    } catch (error) {
      underWay.delete(key);
      reject(error);
      throw error;
    }
  }

  async function toItsEnd(
    input: SharedStep,
    step: string,
    batch: Batch,
    { before, mine, over }: { before: (at: string) => Promise<unknown>; mine: UnderWay; over: () => void },
  ): Promise<Left | undefined> {
    const { workspaceId, runId, mayShare, helps } = input;
    const at = helps?.at ?? new Date(deps.now()).toISOString();
    await deps.runs.addCounts(workspaceId, runId, step, {});
    if (helps === undefined) await before(at);
    let batches = 0;
    const left = { much: false };
    const lane = async () => {
      const inPortions = deps.givingWay.portions();
      for (let goOn = true; goOn && !left.much;) {
        const { more, ...counts } = await inPortions(() =>
          deps.telemetry.span(`${step} batch`, {}, async (add) => {
            const done = await batch(workspaceId, at);
            add({ ...done });
            return done;
          }),
        );
        await deps.runs.addCounts(workspaceId, runId, step, counts);
        goOn = more;
        batches += 1;
        // Said by one lane, it holds, whatever the other finds.
        if (mayShare === true && more && batches >= SHARED_AFTER) left.much = true;
        // After the first, second, fourth ... batch: a first load grows what the next ones look through.
        if (more && (batches & (batches - 1)) === 0) await deps.refreshStatistics();
      }
    };
    do {
      mine.again = false;
      // All come to their end before one's failure is told: the next attempt must not run beside a lane of this one.
      const ended = await Promise.allSettled(Array.from({ length: LANES }, lane));
      for (const one of ended) if (one.status === "rejected") throw one.reason;
    } while (mine.again && !left.much);
    // At once: whoever comes from now on begins anew.
    over();
    if (left.much) return { at };
    await deps.runs.addCounts(workspaceId, runId, step, {}, { finished: true });
    return undefined;
  }

  return drain;
}
