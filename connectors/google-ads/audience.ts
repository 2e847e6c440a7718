/** Our people in Google's audiences: made by us, filled by hashes, emptied of whoever may not be in them any more. */
import type { Audiences, Joining, Leaving, MemberContext } from "#connectors/core/audience.ts";
import { chunked } from "#connectors/core/batches.ts";
import type { WriteResult } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { lookUntil } from "#connectors/core/look-until.ts";
import { nullWhen, refusedWith } from "#connectors/core/missing.ts";
import type { GoogleAdsClient } from "./client.ts";
import type { Job, Target } from "./data-manager.ts";
import { identify, identifiersIn } from "./identifiers.ts";
import { LEAST_MEMBERS, LOOK_PAUSES_MS, MEMBERS_PER_CALL } from "./limits.ts";

/** Kept from being taken for a field of another kind; Google shows the title. */
const codeOf = (name: string): string => name.replaceAll("_", "-");

export const audiences: Audiences<GoogleAdsClient> = {
  batchSize: MEMBERS_PER_CALL,
  minimumSize: LEAST_MEMBERS,
  identify,

  async ensure(client, { name, title, description }) {
    const account = audienceAccount(client);
    const own = await listsNamed(client, name);
    if (own.length > 1)
      return {
        ...{ name, outcome: "conflict" },
        reason: `There are ${own.length} audiences with the integration code ${codeOf(name)}: keep one.`,
      };
    const [list] = own;
    if (list?.isOpen === false)
      return {
        name,
        outcome: "conflict",
        reason: `The audience "${list.displayName}" is closed: open it, or remove it.`,
      };
    if (list !== undefined) return { name, outcome: "exists" };
    await client.dataManager.createList(account, { displayName: title, description, code: codeOf(name) });
    return { name, outcome: "created" };
  },

  add: (client, audience, members, context) =>
    changed(client, audience, members, context, (target, people) => client.dataManager.ingest(target, people), {
      // Google says how many, not who: whoever may be in it has to be taken out one day, so all of them count.
      partly: () => ({ outcome: "written" }),
      missing: { outcome: "rejected", reason: "The audience is not there any more." },
    }),

  remove: (client, audience, members, context) =>
    changed(client, audience, members, context, (target, people) => client.dataManager.remove(target, people), {
      // Somebody may still be in it.
      partly: (codes) => ({ outcome: "retry", reason: `Google took only some of them out${named(codes)}.` }),
      // Of all audiences of the account none is ours: nobody is in it.
      missing: { outcome: "written" },
    }),
};

function audienceAccount({ customerId }: GoogleAdsClient): string {
  if (customerId !== null) return customerId;
  throw new ConnectorError("permission", "Say with its customer id which Google Ads account the audience is to be in.");
}

async function listsNamed(client: GoogleAdsClient, name: string) {
  const lists = await client.dataManager.lists(audienceAccount(client));
  return lists.filter(({ integrationCode }) => integrationCode === codeOf(name));
}

type Outcome = Omit<WriteResult, "id">;
type Order = (target: Target, people: ReturnType<typeof identifiersIn>[]) => Promise<string>;

/** Those with a job are asked about, the others ordered. */
async function changed(
  client: GoogleAdsClient,
  audience: string,
  members: readonly (Joining | Leaving)[],
  { begun }: MemberContext,
  order: Order,
  { partly, missing }: { partly(codes: string[]): Outcome; missing: Outcome },
): Promise<WriteResult[]> {
  if (members.length === 0) return [];
  const outcomes = new Map<string, Outcome>();
  const note = (ids: readonly string[], job: Job) => {
    for (const id of ids) outcomes.set(id, outcomeOf(job, partly));
  };
  const jobs = Map.groupBy(
    members.filter(({ job }) => job !== undefined),
    ({ job }) => job ?? "",
  );
  try {
    const fresh = members.filter(({ job }) => job === undefined);
    for (const [job, known] of jobs) {
      const end = await nullWhen(endOf(client, job), isForgotten);
      if (end === null) fresh.push(...known);
      else
        note(
          known.map(({ id }) => id),
          end,
        );
    }
    const target = fresh.length === 0 ? null : await targetOf(client, audience);
    for (const part of chunked(fresh, MEMBERS_PER_CALL)) {
      const ids = part.map(({ id }) => id);
      if (target === null) {
        for (const id of ids) outcomes.set(id, missing);
        continue;
      }
      const job = await order(
        target,
        part.map(({ member }) => identifiersIn(member)),
      );
      await begun(job, ids);
      note(ids, await endOf(client, job));
    }
  } catch (error) {
    // What was answered for stays answered.
    if (!(error instanceof ConnectorError) || !error.retryable || outcomes.size === 0) throw error;
  }
  return members.map(({ id }) => ({ id, ...(outcomes.get(id) ?? { outcome: "retry", reason: STOPPED }) }));
}

const STOPPED = "Google stopped us before this was sent.";
const named = (codes: readonly string[]): string => (codes.length === 0 ? "" : ` (${[...new Set(codes)].join(", ")})`);

function outcomeOf({ state, codes }: Job, partly: (codes: string[]) => Outcome): Outcome {
  switch (state) {
    case "done":
      return { outcome: "written" };
    case "partly":
      return partly(codes);
    case "failed":
      return { outcome: "rejected", reason: `Google refused the whole batch${named(codes)}.` };
    case "under way":
    case "unknown":
      return { outcome: "retry", reason: "Google has not finished with it yet; it can take half an hour and more." };
  }
}

/** A few looks; a job that outlives them is asked about by the next attempt. */
const endOf = (client: GoogleAdsClient, id: string): Promise<Job> =>
  lookUntil(
    () => client.dataManager.jobOf(id),
    ({ state }) => state !== "under way" && state !== "unknown",
    LOOK_PAUSES_MS,
    client.pause,
  );

/** Google knows nothing of the job any more: it is ordered once more, and who is in an audience twice is in it once. */
const isForgotten = refusedWith(404, "NOT_FOUND");

/** Null: the account has no such audience. */
async function targetOf(client: GoogleAdsClient, audience: string): Promise<Target | null> {
  const [list, ...others] = await listsNamed(client, audience);
  if (list === undefined) return null;
  if (others.length > 0)
    throw new ConnectorError("contract", "There are two audiences with the code of ours: keep one.");
  return { account: audienceAccount(client), through: client.loginCustomerId, list: list.id };
}
