/** A backup file read piece by piece, however large it is. */
import { createReadStream } from "node:fs";
import { createGunzip } from "node:zlib";
import { END_OF_ROWS } from "./format.ts";

const LINE_BREAK = 10;
const MARK = Buffer.from(END_OF_ROWS);
const MARK_BELOW = Buffer.from(`\n${END_OF_ROWS}`);

export interface BackupReader {
  /** The next line that is not a row; null at the end of the file. */
  line(): Promise<string | null>;
  /** The rows up to the end of the table, in whole lines. */
  rows(): AsyncGenerator<Buffer>;
  close(): void;
}

/** @throws Error from any of its functions where the file is damaged or cut short */
export function readBackup(path: string): BackupReader {
  const source = createReadStream(path);
  const gunzip = createGunzip();
  source.on("error", (error) => gunzip.destroy(error));
  const chunks = source.pipe(gunzip)[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let held: Buffer = Buffer.alloc(0);

  /** Adds to what is held until it has a whole line; false at the end of the file. */
  async function fill(): Promise<boolean> {
    for (;;) {
      if (held.includes(LINE_BREAK)) return true;
      const { done, value } = await chunks.next();
      if (done === true) return false;
      held = Buffer.concat([held, value]);
    }
  }
  return {
    async line() {
      if (!(await fill())) return null;
      const end = held.indexOf(LINE_BREAK);
      const text = held.toString("utf8", 0, end);
      held = held.subarray(end + 1);
      return text;
    },
    async *rows() {
      while (await fill()) {
        const whole = held.lastIndexOf(LINE_BREAK) + 1;
        const lines = held.subarray(0, whole);
        const below = lines.indexOf(MARK_BELOW);
        const mark = lines.subarray(0, MARK.length).equals(MARK) ? 0 : below === -1 ? -1 : below + 1;
        const upTo = mark === -1 ? whole : mark;
        if (upTo > 0) yield lines.subarray(0, upTo);
        held = held.subarray(mark === -1 ? whole : mark + MARK.length);
        if (mark !== -1) return;
      }
      throw new Error("The backup ends in the middle of a table.");
    },
    close: () => {
      source.destroy();
      gunzip.destroy();
    },
  };
}
