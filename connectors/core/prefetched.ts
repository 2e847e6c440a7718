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
