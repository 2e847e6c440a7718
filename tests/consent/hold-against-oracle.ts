/** The engine beside the oracle, over as many ledgers as asked for. */
import type { Use } from "#connectors/core/grant.ts";
import { explain } from "#profile/consent/decide.ts";
import { STRICTEST_LAW } from "#profile/consent/law.ts";
import { effectiveConsent } from "#profile/consent/ledger.ts";
import { type Case, casesOf, entriesOf } from "./odd-ledgers.ts";
import { oracleAllows } from "./oracle.ts";

export interface Tally {
  ledgers: number;
  questions: number;
  allowed: number;
  /** What the engine allows and the oracle denies; the first of them. */
  looser: Case[];
  looserCount: number;
  /** What the engine denies and the oracle allows; of those asked over a channel of their own the first. */
  stricter: Case[];
  stricterCount: number;
}

const QUESTIONS = 3;

export function holdAgainstOracle(ledgers: number, seed = 1): Tally {
  const tally: Tally = {
    ledgers,
    questions: 0,
    allowed: 0,
    looser: [],
    looserCount: 0,
    stricter: [],
    stricterCount: 0,
  };
  for (let n = 0; n < ledgers; n++) {
    for (const one of casesOf(seed * 1_000_003 + n, QUESTIONS)) {
      tally.questions += 1;
      const engine = engineAllows(one);
      if (engine) tally.allowed += 1;
      const oracle = oracleAllows(one.ledger, one.question);
      if (engine && !oracle) {
        tally.looserCount += 1;
        if (tally.looser.length < 3) tally.looser.push(one);
      }
      if (!engine && oracle) {
        tally.stricterCount += 1;
        if (one.question.channel !== "any" && tally.stricter.length < 3) tally.stricter.push(one);
      }
    }
  }
  return tally;
}

function engineAllows({ ledger, question }: Case): boolean {
  const { address, at, implied } = question;
  const answers = effectiveConsent(entriesOf(ledger), at, { law: { ...STRICTEST_LAW, acceptsImplied: implied } });
  const recipient = address === undefined ? "anywhere" : { email: address, phone: address };
  const use = { purpose: question.purpose, channel: question.channel } as Use;
  return explain({ answers, recipient }, use, at).allowed;
}
