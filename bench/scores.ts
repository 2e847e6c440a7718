/** `node bench/scores.ts`: how many profiles a second the pure scoring functions answer for. */
import { scoreProfile } from "#profile/scores/score-profile.ts";
import type { ProfileFacts, ScoreContext } from "#profile/scores/types.ts";
import { generateCustomers } from "#stack/demo-shop/customer.ts";
import { median, peakMemory, print, printHeading, printTable, rate, readOptions, timed } from "./measure.ts";

const HELP = `Usage: node bench/scores.ts [--profiles N] [--runs K]

Scores profiles of the demo shop in memory: lifecycle stage, churn risk, band and next best action, each with reasons.

  --profiles N   profiles per run (default 20000)
  --runs K       repetitions; the median is shown (default 5)`;

const options = readOptions(HELP, { profiles: 20_000, runs: 5 });
const NOW = Date.UTC(2026, 10, 1);
const CONTEXT: ScoreContext = {
  asOf: new Date(NOW).toISOString(),
  timeZone: "Europe/London",
  baseline: { repeatBuyers: 900, medianGapDays: 34, topSpendMinor: 42_000 },
};

function factsOf(count: number): ProfileFacts[] {
  const facts: ProfileFacts[] = [];
  let number = 0;
  for (const { stripe, truth } of generateCustomers(count, { seed: 1, now: NOW })) {
    const paid = stripe.charges.filter((charge) => charge.status === "succeeded");
    const days = Map.groupBy(paid, (charge) => charge.createdAt.slice(0, 10));
    const purchaseDays = [...days].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const lastActivityAt =
      paid
        .map((charge) => charge.createdAt)
        .toSorted()
        .at(-1) ?? null;
    facts.push({
      profileId: String(number++),
      firstSeenAt: lastActivityAt ?? "2026-01-05T10:00:00.000Z",
      hasIdentifier: true,
      purchaseDays: purchaseDays.map(([day, charges]) => ({
        day,
        netMinor: charges.reduce((sum, { amount }) => sum + amount, 0),
      })),
      subscriptions: stripe.subscriptions.map(({ status, startedAt, currentPeriodEnd, endedAt }) => ({
        status: status === "canceled" ? "cancelled" : status,
        startedAt,
        currentPeriodEnd,
        endedAt,
      })),
      lastActivityAt,
      messages: [],
      openDeals: 0,
      consents: truth.consents.map(({ channel, purpose, allowed }) => ({
        channel,
        purpose,
        state: allowed ? "granted" : "withdrawn",
      })),
      reachable: { email: true, phone: true },
    });
  }
  return facts;
}

async function main(): Promise<void> {
  printHeading(`Scores: ${options.profiles} profiles, median of ${options.runs}`);
  const facts = factsOf(options.profiles);
  const run = () => {
    let answers = 0;
    for (const one of facts) answers += scoreProfile(one, CONTEXT).length;
    return answers;
  };
  run(); // Compiled before anything is counted.
  const times: number[] = [];
  for (let at = 0; at < options.runs; at++) times.push(await timed(run));
  printTable([
    ["profiles", "answers", "rate"],
    [String(facts.length), String(run()), rate(facts.length, median(times), "profiles")],
  ]);
  print(`Peak memory of this process: ${peakMemory()}`);
}

await main();
