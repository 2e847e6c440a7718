/** One story told twice, once undisturbed: what a disturbance must not change. */
import { Client } from "pg";
import type { TestLoop } from "./loop.ts";
import { approveAll } from "./loop.ts";
import { addressOf, contactIdOf, customerIdOf, smallShop } from "./people.ts";

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
    transaction.query("UPDATE workspace SET time_zone = $2 WHERE workspace_id = $1", [
      workspaceId,
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
      ...{
        id: `ch_${index}_late`,
        customer: customerIdOf(index),
        receiptEmail: null,
        amount: 9_900,
        amountRefunded: 0,
      },
      billing: { email: addressOf(index), name: null, phone: null, country: null, postcode: null },
      ...{
        currency: "gbp",
        status: "succeeded",
        cardPresent: false,
        fingerprint: null,
        createdAt: new Date(at - DAY_MS).toISOString(),
      },
    });
  }
}

/** How often the vendors were asked so far. */
export function callsTo({ hubspot, stripe }: TestLoop): number {
  return [...hubspot.requests.values(), ...stripe.requests.values()].reduce((sum, n) => sum + n, 0);
}

/** Waits until a worker has done something since now: asked a vendor, or noted what a step did. */
export async function untilProgress(loop: TestLoop, over: () => boolean): Promise<void> {
  const client = new Client({ connectionString: loop.test.ownerUrl });
  await client.connect();
  try {
    const progress = async () => {
      const { rows } = await client.query<{ counts: string }>(
        "SELECT coalesce(string_agg(step || counts::text, '' ORDER BY run_id, step), '') AS counts FROM run_step",
      );
      return `${callsTo(loop)} ${rows[0]?.counts}`;
    };
    const before = await progress();
    while (!over() && (await progress()) === before) await new Promise((resolve) => void setTimeout(resolve, 10));
  } finally {
    await client.end();
  }
}
