/** A refusal that a person can do something about: shown as it is, on the command line and on pages. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly because: "words" | "missing" | "state" | "vendor";

  /** `words`: invalid input; `missing`: there is no such thing; `state`: not possible now; `vendor`: the tool refused. */
  constructor(message: string, because: Refusal["because"], options?: ErrorOptions) {
    super(message, options);
    this.because = because;
  }
}
