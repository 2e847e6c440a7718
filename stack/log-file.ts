/** Files that the output of started programs goes to. */
import { closeSync, existsSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";

const ROTATE_AT_BYTES = 20_000_000;

export interface LogFile {
  path: string;
  /** To hand to `spawn`; close it afterwards. */
  descriptor: number;
  close(): void;
  /** The last lines written since it was opened, for error messages. */
  tail(): string;
}

/** Opens for appending; a large file becomes `<path>.1` first, so that a data directory stays bounded. */
export function openLogFile(path: string): LogFile {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (existsSync(path) && statSync(path).size > ROTATE_AT_BYTES) renameSync(path, `${path}.1`);
  const descriptor = openSync(path, "a", 0o600);
  const start = fstatSync(descriptor).size;
  return {
    path,
    descriptor,
    close: () => closeSync(descriptor),
    tail: () => readFileSync(path).subarray(start).toString().trimEnd().split("\n").slice(-8).join("\n"),
  };
}
