/** `node bench/consent-race.ts`: withdrawals are stored while a plan is carried out; nothing may be sent after one was. */
import { raceWithdrawals } from "#tests/consent/race.ts";
import { readOptions } from "./measure.ts";
import { withScratch } from "./scratch.ts";

const options = readOptions(
  `Writes to people while others of them withdraw. Ends with 1 where anything was sent after the withdrawal was stored.

  --people N    who are written to (10,000)
  --batch N     records of a vendor call (10)
  --together N  who withdraw in one transaction (5)`,
  { people: 10_000, batch: 10, together: 5 },
);
const { people, batch: batchSize, together } = options;
await withScratch(async (place) => {
  const { written, withdrawn, heldBack, after } = await raceWithdrawals(place, { people, batchSize, together });
  process.stdout.write(
    `${[
      `${people.toLocaleString("en")} deliveries, ${batchSize} to a call`,
      `written:                                   ${written.toLocaleString("en")}`,
      `withdrew meanwhile:                        ${withdrawn.toLocaleString("en")}`,
      `calls held back by a withdrawal:           ${heldBack}`,
      `written after the withdrawal was stored:   ${after}`,
    ].join("\n")}\n`,
  );
  if (after > 0) process.exitCode = 1;
});
