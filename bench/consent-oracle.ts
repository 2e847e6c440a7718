/** `node bench/consent-oracle.ts`: the consent engine beside the slow oracle of tests/consent, over random ledgers. */
import { holdAgainstOracle } from "#tests/consent/hold-against-oracle.ts";
import { rate, readOptions } from "./measure.ts";

const { ledgers, seed } = readOptions(
  `Holds the consent engine against the oracle. Ends with 1 where it allows anything that the oracle denies.

  --ledgers N  how many, each asked three times (100,000)
  --seed N     which ones (1)`,
  { ledgers: 100_000, seed: 1 },
);
const startedAt = performance.now();
const tally = holdAgainstOracle(ledgers, seed);
const took = performance.now() - startedAt;
process.stdout.write(
  `${[
    `${tally.questions.toLocaleString("en")} questions to ${ledgers.toLocaleString("en")} ledgers, ${rate(tally.questions, took, "questions")} by both`,
    `allowed by the engine:               ${tally.allowed.toLocaleString("en")}`,
    `allowed though the oracle denies:    ${tally.looserCount}`,
    `denied though the oracle allows:     ${tally.stricterCount} (all over any channel: ${tally.stricter.length === 0 ? "yes" : "no"})`,
  ].join("\n")}\n`,
);
for (const one of tally.looser) process.stdout.write(`${JSON.stringify(one, null, 1)}\n`);
if (tally.looserCount > 0) process.exitCode = 1;
