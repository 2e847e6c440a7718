/** A no that a person can do something about: shown as it stands, by the command line as by a page. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly because: "words" | "missing" | "state" | "vendor";

  /** `words`: what was given cannot be; `missing`: there is no such thing; `state`: not now; `vendor`: the tool said no. */
  constructor(message: string, because: Refusal["because"], options?: ErrorOptions) {
    super(message, options);
    this.because = because;
  }
}
