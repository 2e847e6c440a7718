/** From a file on disk to its text as UTF-8 bytes, whatever encoding or compression it came in. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import { pipeline } from "node:stream/promises";
import { ConnectorError } from "../core/errors.ts";
import type { Encoding } from "./settings.ts";

const CHUNK_BYTES = 64 * 1024;
const isGzip = (path: string): boolean => path.endsWith(".gz");

/** sha256 of the file's bytes as they lie on disk, hex. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk);
  } catch (error) {
    throw fileError(path, error);
  }
  return hash.digest("hex");
}

/**
 * The file's text as UTF-8 without byte order mark, from `offset` bytes of that text on. Memory is one chunk.
 *
 * @throws ConnectorError `contract` where the file is missing, unreadable or a damaged archive
 */
export async function* openText(path: string, encoding: Encoding, offset = 0): AsyncGenerator<Buffer> {
  try {
    // Plain UTF-8 is the only case where a position in the text is a position in the file.
    const mark = encoding === "utf-8" && !isGzip(path) ? await markLength(path) : null;
    if (mark !== null) {
      yield* createReadStream(path, { highWaterMark: CHUNK_BYTES, start: mark + offset });
      return;
    }
    let skip = offset;
    for await (const chunk of decoded(rawBytes(path), encoding)) {
      if (skip >= chunk.length) {
        skip -= chunk.length;
        continue;
      }
      yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = 0;
    }
  } catch (error) {
    throw fileError(path, error);
  }
}

/** At most `bytes` of the uncompressed file, from its start. */
export async function readHead(path: string, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of rawBytes(path)) {
      parts.push(chunk);
      length += chunk.length;
      if (length >= bytes) break;
    }
  } catch (error) {
    throw fileError(path, error);
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

/** Byte order mark first; then the zeros of UTF-16 without one; then UTF-8 if it is valid; else what Excel writes. */
export function detectEncoding(head: Buffer): Encoding {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const zeros = [0, 0];
  for (let index = 0; index < Math.min(head.length, 4096); index++) {
    if (head[index] === 0) zeros[index % 2] = (zeros[index % 2] ?? 0) + 1;
  }
  const [even = 0, odd = 0] = zeros;
  const half = Math.min(head.length, 4096) / 2;
  // Its first character has one as well: a text whose cells hold nothing but NUL begins with its header.
  if (odd > half * 0.4 && even < half * 0.1 && head[1] === 0) return "utf-16le";
  if (even > half * 0.4 && odd < half * 0.1 && head[0] === 0) return "utf-16be";
  try {
    // `stream`: the head may end in the middle of a character.
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return "utf-8";
  } catch {
    return "windows-1252"; // the decoder's TypeError is the answer: not UTF-8
  }
}

export function decodeHead(head: Buffer, encoding: Encoding): string {
  return new TextDecoder(encoding).decode(head, { stream: true });
}

async function* rawBytes(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!isGzip(path)) {
    yield* file;
    return;
  }
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const piping = pipeline(file, gunzip);
  // Leaving early (only the head is wanted) makes the pipeline fail; what went wrong while reading comes out below.
  piping.catch(() => undefined);
  yield* gunzip;
  await piping;
}

async function* decoded(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of chunks) yield Buffer.from(decoder.decode(chunk, { stream: true }));
  const rest = decoder.decode();
  if (rest !== "") yield Buffer.from(rest);
}

async function markLength(path: string): Promise<number> {
  for await (const chunk of createReadStream(path, { end: 2 })) {
    const bytes: Buffer = chunk;
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }
  return 0;
}

function fileError(path: string, error: unknown): unknown {
  if (error instanceof ConnectorError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const name = basename(path);
  if (code === "ENOENT")
    return new ConnectorError("contract", `The file ${name} is no longer where it was imported from.`);
  if (code === "EACCES" || code === "EPERM") {
    return new ConnectorError("permission", `The file ${name} may not be read by this program.`);
  }
  if (code.startsWith("Z_"))
    return new ConnectorError("contract", `The archive ${name} is damaged or incomplete.`, { cause: error });
  return error;
}
