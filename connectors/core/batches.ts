/** Many records in calls of bounded size, each with an answer of its own. */
import { ConnectorError } from "./errors.ts";

/** The items in parts of at most `size`, in order. */
export function chunked<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** How much of a call an item takes besides its count, such as bytes. */
export interface Weight<Item> {
  of(item: Item): number;
  /** That a part may come to together. */
  most: number;
}

/** The items in parts of at most `size` whose weight together is within bounds, in order. One that is too heavy stands alone. */
export function chunkedBy<Item>(items: readonly Item[], size: number, weight: Weight<Item>): Item[][] {
  const parts: Item[][] = [];
  let last: Item[] = [];
  let together = 0;
  for (const item of items) {
    const weighs = weight.of(item);
    if (last.length === 0 || last.length === size || together + weighs > weight.most) {
      last = [];
      parts.push(last);
      together = 0;
    }
    last.push(item);
    together += weighs;
  }
  return parts;
}

/** Up to so many unanswered items are asked again one by one, where an error that names nobody can only mean that one. */
const FEW = 10;

export interface Batching<Item, Result> {
  /** Items per call. */
  size: number;
  /** What bounds a call besides the number of its items. */
  weight?: Weight<Item>;
  /** Names an item in the vendor's answer; items of one key are asked once. */
  keyOf(item: Item): string;
  /** One call. Answers by key; a key left out was not answered. Throws `invalid_record` where the batch is refused whole. */
  send(batch: Item[]): Promise<ReadonlyMap<string, Result>>;
  /** This item, sent alone, is refused. */
  refused(item: Item, error: ConnectorError): Result;
  /** The vendor answered twice without mentioning this item. */
  unanswered(item: Item): Result;
  /** Items of a refused batch that need no halving to be found: the refusal names what they have in common. */
  hopeless?(item: Item, error: ConnectorError): boolean;
  /** The result for the rest when the vendor stops us halfway. Left out, the error is thrown and everything is asked again. */
  interrupted?(item: Item, error: ConnectorError): Result;
}

/**
 * Sends the items in batches and answers one result per item, in their order.
 *
 * A batch refused whole is halved until the item at fault is isolated. An item a reply says nothing about is asked once
 * more, then it is `unanswered`: silence is never taken for an answer.
 */
export async function inBatches<Item, Result>(
  items: readonly Item[],
  batching: Batching<Item, Result>,
): Promise<Result[]> {
  const results = new Map<string, Result>();
  const { weight } = batching;
  const parts = (some: readonly Item[], size: number) =>
    weight === undefined ? chunked(some, size) : chunkedBy(some, size, weight);
  const distinct = [...new Map(items.toReversed().map((item) => [batching.keyOf(item), item])).values()].toReversed();
  try {
    for (const part of parts(distinct, batching.size)) await sendPart(part, batching, results);
    const silent = distinct.filter((item) => !results.has(batching.keyOf(item)));
    for (const part of parts(silent, silent.length > FEW ? batching.size : 1)) await sendPart(part, batching, results);
  } catch (error) {
    const { interrupted } = batching;
    const bearable = error instanceof ConnectorError && error.retryable && results.size > 0;
    if (!bearable || interrupted === undefined) throw error;
    return items.map((item) => results.get(batching.keyOf(item)) ?? interrupted(item, error));
  }
  return items.map((item) => results.get(batching.keyOf(item)) ?? batching.unanswered(item));
}

async function sendPart<Item, Result>(
  batch: Item[],
  batching: Batching<Item, Result>,
  results: Map<string, Result>,
): Promise<void> {
  if (batch.length === 0) return;
  try {
    const answers = await batching.send(batch);
    // Answers for keys we did not ask about are ignored.
    for (const key of batch.map((item) => batching.keyOf(item))) {
      const answer = answers.get(key);
      if (answer !== undefined) results.set(key, answer);
    }
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== "invalid_record") throw error;
    await takeApart(batch, error, batching, results);
  }
}

async function takeApart<Item, Result>(
  batch: Item[],
  error: ConnectorError,
  batching: Batching<Item, Result>,
  results: Map<string, Result>,
): Promise<void> {
  const refuse = (item: Item) => results.set(batching.keyOf(item), batching.refused(item, error));
  if (batch.length === 1) {
    batch.forEach(refuse);
    return;
  }
  const hopeless = batch.filter((item) => batching.hopeless?.(item, error) === true);
  if (hopeless.length > 0) {
    hopeless.forEach(refuse);
    const rest = new Set(hopeless);
    await sendPart(
      batch.filter((item) => !rest.has(item)),
      batching,
      results,
    );
    return;
  }
  const middle = Math.ceil(batch.length / 2);
  await sendPart(batch.slice(0, middle), batching, results);
  await sendPart(batch.slice(middle), batching, results);
}
