/** Complete, or said so: the state of a stream in words. */
import type { StreamRow } from "#profile/store/views/read.ts";

export interface StreamWords {
  /** `attention`: a person should look. */
  mood: "good" | "busy" | "attention";
  words: string;
}

export function describeStream(stream: StreamRow): StreamWords {
  if (stream.errorMessage !== null) return { mood: "attention", words: stream.errorMessage };
  if (stream.lateSince !== null) return { mood: "attention", words: "being read, late" };
  if (!stream.complete) return { mood: "busy", words: "being read" };
  const { vendorCount, storedCount } = stream;
  if (vendorCount === null || storedCount === null) return { mood: "good", words: "complete" };
  const missing = vendorCount - storedCount;
  if (missing === 0) return { mood: "good", words: "complete, counts agree" };
  const count = Math.abs(missing).toLocaleString("en");
  return { mood: "attention", words: missing > 0 ? `${count} missing here` : `${count} more here than there` };
}
