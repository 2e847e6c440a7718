/** Where the stack tells what it does: one line per message, for a person. */
export type Log = (line: string) => void;

/** For callers that have nobody to tell. */
export const silent: Log = () => undefined;
