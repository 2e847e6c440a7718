/** Who gets the next token of a bucket in one process: the most urgent, and yet nobody waits for ever. Pure. */

export interface Waiter {
  /** 1 before 2. */
  urgency: number;
}

/** One token in so many goes to who has waited longest, however urgent others are. */
export const TURN_OF_THE_LONGEST = 4;

export interface Turns<Each extends Waiter> {
  /** @returns what takes it out again; false: its turn has come already */
  join(waiter: Each): () => boolean;
  /** Whoever is next if nobody else comes; stays in. */
  peek(): Each | undefined;
  /** Of all who wait, the most urgent first. */
  urgencies(): number[];
  /** Takes out whose turn it is. */
  next(): Each | undefined;
  /** Takes out everybody. */
  drain(): Each[];
}

export function createTurns<Each extends Waiter>(): Turns<Each> {
  /** In the order they came. */
  const waiting: Each[] = [];
  let given = 0;
  const place = (): number => {
    if ((given + 1) % TURN_OF_THE_LONGEST === 0) return 0;
    const most = Math.min(...waiting.map(({ urgency }) => urgency));
    return waiting.findIndex(({ urgency }) => urgency === most);
  };
  return {
    join(waiter) {
      waiting.push(waiter);
      return () => {
        const at = waiting.indexOf(waiter);
        if (at >= 0) waiting.splice(at, 1);
        return at >= 0;
      };
    },
    peek: () => waiting[waiting.length === 0 ? 0 : place()],
    urgencies: () => waiting.map(({ urgency }) => urgency).toSorted((a, b) => a - b),
    next() {
      if (waiting.length === 0) return undefined;
      const [waiter] = waiting.splice(place(), 1);
      given += 1;
      return waiter;
    },
    drain: () => waiting.splice(0),
  };
}
