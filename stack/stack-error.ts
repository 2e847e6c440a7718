/** Something the person at the keyboard must do or know; the message is shown alone, without a stack trace. */
export class StackError extends Error {
  override readonly name = "StackError";
}

/** What went wrong, in one line. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
