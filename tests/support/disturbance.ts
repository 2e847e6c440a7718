/** One story told twice, once undisturbed: what a disturbance must not change. */
import { Client } from "pg";
import type { TestLoop } from "./loop.ts";
import { approveAll } from "./loop.ts";
import { addressOf, contactIdOf, customerIdOf, smallShop } from "./people.ts";

/** Refreshes by the clock would come in between. */
const NEVER_MINUTES = 9_000_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface Story {
  people: number;
  /** Instant of the story, milliseconds since the epoch; the same for both tellings. */
  at: number;
}

/** A zone in which it is about noon: no midnight may fall between the tellings, scores count days. */
export function zoneOfNoon(at: number): string {
  const ahead = 12 - new Date(at).getUTCHours();
  return ahead === 0 ? "Etc/GMT" : `Etc/GMT${ahead > 0 ? "-" : "+"}${Math.abs(ahead)}`;
}

export async function prepareStory({ test, workspaceId, hubspot, stripe }: TestLoop, story: Story): Promise<void> {
  await test.database.inWorkspace(workspaceId, (transaction) =>
    transaction.query("UPDATE workspace SET refresh_minutes = $2, time_zone = $3 WHERE workspace_id = $1", [
      workspaceId,
      NEVER_MINUTES,
      zoneOfNoon(story.at),
    ]),
  );
  const shop = smallShop({ people: story.people, now: story.at });
  hubspot.load(shop.hubspot);
  stripe.load(shop.stripe);
}

export type Chapter = "sync and plan" | "carry out" | "sync, plan and carry out what changed";

/** The chapters in order; the last one changes a third of the people first. */
export function chaptersOf(loop: TestLoop, story: Story): { name: Chapter; run(): Promise<unknown> }[] {
  return [
    { name: "sync and plan", run: () => loop.refresh() },
    { name: "carry out", run: () => approveAll(loop) },
    {
      name: "sync, plan and carry out what changed",
      run: () => {
        changeThird(loop, story);
        return loop.refresh();
      },
    },
  ];
}

function changeThird({ hubspot, stripe }: TestLoop, { people, at }: Story): void {
  const instant = new Date(at - HOUR_MS).toISOString();
  for (let index = 0; index < people; index += 3) {
    hubspot.setStatus(contactIdOf(index), {
      ...{ subscriptionId: "1", subscriptionName: "News", status: "UNSUBSCRIBED", source: "Preference page" },
      ...{ legalBasis: null, legalBasisExplanation: null, timestamp: instant },
    });
  }
  for (let index = 0; index < people; index += 6) {
    stripe.addCharge({
      ...{ id: `ch_${index}_late`, customer: customerIdOf(index), receiptEmail: null, amount: 9_900, amountRefunded: 0 },
      billing: { email: addressOf(index), name: null, phone: null, country: null, postcode: null },
      ...{ currency: "gbp", status: "succeeded", cardPresent: false, fingerprint: null, createdAt: new Date(at - DAY_MS).toISOString() },
    });
  }
}

/** Waits until a worker has done something since now: asked a vendor, or noted what a step did. @returns what */
export async function untilProgress({ test, hubspot, stripe }: TestLoop, over: () => boolean): Promise<string> {
  const client = new Client({ connectionString: test.ownerUrl });
  await client.connect();
  try {
    const calls = () => [...hubspot.requests.values(), ...stripe.requests.values()].reduce((sum, n) => sum + n, 0);
    const steps = async () => {
      const { rows } = await client.query<{ step: string; counts: string }>(
        "SELECT step, counts::text FROM run_step ORDER BY step",
      );
      return new Map(rows.map(({ step, counts }) => [step, counts]));
    };
    const callsBefore = calls();
    const stepsBefore = await steps();
    while (!over()) {
      for (const [step, counts] of await steps()) if (stepsBefore.get(step) !== counts) return `progress of "${step}"`;
      if (calls() > callsBefore) return "a call to a vendor";
      await new Promise((resolve) => void setTimeout(resolve, 10));
    }
    return "the end";
  } finally {
    await client.end();
  }
}
