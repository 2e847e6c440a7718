/** The account under test, its clock, and the connection to it. */
import type { OpenConnection, Stream } from "../contract.ts";
import { openForContract } from "./account.ts";
import type { ContractAccount, ContractSubject, ContractVendor } from "./account.ts";

export class Bench {
  readonly subject: ContractSubject;
  /** Calls that went through the framework. */
  calls = 0;
  #account: ContractAccount | undefined;
  #shift = 0;

  constructor(subject: ContractSubject) {
    this.subject = subject;
  }

  streamOf(name: string): Pick<Stream<unknown>, "title" | "kind" | "deletes"> {
    const stream = this.subject.connector.streams[name];
    if (stream === undefined) throw new Error(`${this.subject.connector.title} has no stream "${name}".`);
    return stream;
  }

  /** Whether it hands over days of figures in place of records. */
  countsDays(name: string): boolean {
    const { kind } = this.streamOf(name);
    return kind === "metric" || kind === "spend";
  }

  /** A fresh account whose streams hold `size` records each. */
  async begin(size: number): Promise<OpenConnection> {
    this.#shift = 0;
    this.#account = await this.subject.start(size, () => Date.now() + this.#shift);
    return this.open();
  }

  /** @param aheadMs how far our clock runs ahead of the vendor's */
  open(aheadMs = 0): OpenConnection {
    this.calls = 0;
    const { now = Date.now } = this.account;
    const access = { ...this.account, now: () => now() + aheadMs };
    return openForContract(this.subject.connector, access, undefined, () => void (this.calls += 1));
  }

  get account(): ContractAccount {
    if (this.#account === undefined) throw new Error("The test has not begun an account.");
    return this.#account;
  }

  /** A networked source must let the suite disturb it; leaving the twin out is an error, not a pass. */
  get vendor(): ContractVendor {
    return this.offered("vendor");
  }

  offered<Name extends "vendor" | "remove" | "merge" | "load">(name: Name): NonNullable<ContractAccount[Name]> {
    const offer = this.account[name];
    if (offer === undefined) throw new Error(`The contract account must offer "${name}".`);
    return offer;
  }

  isAppendOnly(stream: string): boolean {
    return stream in (this.subject.appendOnly ?? {});
  }

  /** Makes news of the nth record; where records never change, of one more. Answers the id of which there is news. */
  async alter(stream: string, index: number): Promise<string> {
    if (this.isAppendOnly(stream)) return this.account.add(stream);
    await this.account.change(stream, index);
    return this.account.idOf(stream, index);
  }

  isReread(stream: string): boolean {
    return stream in (this.subject.rereads ?? {});
  }

  advance(ms: number): void {
    this.#shift += ms;
  }

  /** A call that the twin does not know is a gap in the twin, and everything proved by it is in doubt. */
  async end(): Promise<void> {
    const account = this.#account;
    this.#account = undefined;
    if (account === undefined) return;
    const missing = [...(account.vendor?.missingRoutes ?? [])];
    await account.close();
    if (missing.length > 0) throw new Error(`The twin has no route for ${missing.join(", ")}.`);
  }
}
