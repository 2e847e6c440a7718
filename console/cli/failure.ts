/** A failure the person at the keyboard can act on: printed as one sentence, without a stack. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exitCode: number;

  /** 1: it did not work; 2: the call's words are wrong; 3: what was asked for is not there. */
  constructor(message: string, exitCode: 1 | 2 | 3 = 1, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
