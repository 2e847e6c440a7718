/** Fetches the next item while the current one is being worked on. */
export async function* prefetched<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let upcoming = source.next();
  try {
    for (;;) {
      const current = await upcoming;
      if (current.done) return;
      upcoming = source.next();
      // Observed at the next turn; until then a rejection must not count as unhandled.
      upcoming.catch(() => undefined);
      yield current.value;
    }
  } finally {
    await upcoming.catch(() => undefined);
    await source.return(undefined);
  }
}

/**
 * Works on several items at a time, each begun in the order in which they come.
 *
 * @param most under way, with what waits to be taken
 * @returns the results in the order of the items; what was before a failure comes first
 */
export async function* workedAhead<Item, Result>(
  source: AsyncGenerator<Item>,
  most: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const step = async (): Promise<{ result: Result } | null> => {
    // A generator that is asked again before it has answered answers one after the other.
    const next = await source.next();
    return next.done === true ? null : { result: await work(next.value) };
  };
  const ahead: ReturnType<typeof step>[] = [];
  const begin = () => {
    const one = step();
    // Observed in its turn; until then a rejection must not count as unhandled.
    one.catch(() => undefined);
    ahead.push(one);
  };
  try {
    for (let n = 0; n < most; n += 1) begin();
    for (;;) {
      const current = await ahead.shift();
      if (current === undefined || current === null) return;
      begin();
      yield current.result;
    }
  } finally {
    await Promise.allSettled(ahead);
    await source.return(undefined);
  }
}
