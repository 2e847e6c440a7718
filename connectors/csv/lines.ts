/** Cuts what no table holds out of a text before anything reads it: lines beyond any length. */

/** Bytes of one line. Exports with notes and addresses stay below a tenth of it. */
export const LINE_LIMIT = 128 * 1024;

/** Bytes of whole lines (the last piece of a text may lack its line end), or the length of a line that was cut out. */
export type Piece = { text: Buffer } | { cut: number };

/** In order and without gaps: the lengths of all pieces add up to the text's. */
export async function* shortLines(text: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Piece> {
  let kept: Buffer = Buffer.alloc(0);
  /** Bytes seen of a line that is being cut out; 0: none. */
  let cut = 0;
  for await (const chunk of text) {
    kept = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    if (cut > 0) {
      const end = lineEnd(kept, 0);
      // A return at the very end may have its feed in the next chunk.
      const used = end === -1 ? kept.length - (kept.at(-1) === RETURN ? 1 : 0) : end;
      cut += used;
      kept = kept.subarray(used);
      if (end === -1) continue;
      yield { cut };
      cut = 0;
    }
    for (;;) {
      const { whole, overlong } = measured(kept);
      if (whole > 0) yield { text: kept.subarray(0, whole) };
      kept = kept.subarray(whole);
      if (!overlong) break;
      const end = lineEnd(kept, 0);
      const used = end === -1 ? kept.length - (kept.at(-1) === RETURN ? 1 : 0) : end;
      cut = used;
      kept = kept.subarray(used);
      if (end === -1) break;
      yield { cut };
      cut = 0;
    }
  }
  if (cut > 0) yield { cut: cut + kept.length };
  else if (kept.length > 0) yield { text: kept };
}

const FEED = 10;
const RETURN = 13;

/** Where the first line ends (after its end), -1 where it may go on. */
function lineEnd(text: Buffer, from: number): number {
  const feed = text.indexOf(FEED, from);
  const ret = text.subarray(0, feed === -1 ? text.length : feed).indexOf(RETURN, from);
  if (ret === -1) return feed === -1 ? -1 : feed + 1;
  if (ret + 1 === text.length) return -1;
  return text[ret + 1] === FEED ? ret + 2 : ret + 1;
}

/** Length of the whole lines at the start, up to the first overlong one. */
function measured(text: Buffer): { whole: number; overlong: boolean } {
  if (text.length <= LINE_LIMIT) return { whole: lastLineEnd(text), overlong: false };
  let at = 0;
  for (;;) {
    const end = lineEnd(text, at);
    if ((end === -1 ? text.length : end) - at > LINE_LIMIT) return { whole: at, overlong: true };
    if (end === -1) return { whole: at, overlong: false };
    at = end;
  }
}

function lastLineEnd(text: Buffer): number {
  const feed = text.lastIndexOf(FEED);
  const last = text.at(-1) === RETURN ? text.length - 1 : text.length;
  const ret = last === 0 ? -1 : text.lastIndexOf(RETURN, last - 1);
  return Math.max(feed, ret) + 1;
}
