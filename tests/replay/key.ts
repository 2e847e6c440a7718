/** Encrypts the recorded histories, which are of invented people; a key of these tests and of nothing else. */
export const REPLAY_KEY = Buffer.alloc(32, "replayed histories").toString("base64");
