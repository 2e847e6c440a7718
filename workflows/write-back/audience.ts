/** Audiences as destinations: what is planned, and a stand-in of the tool for what plans are carried out with. */
import type { AudienceDefinition, Joining } from "#connectors/core/audience.ts";
import type {
  Connector,
  LiveRecord,
  OpenConnection,
  RecordWrite,
  WriteContext,
  WriteResult,
} from "#connectors/core/contract.ts";
import { audienceGrant } from "#connectors/core/grant.ts";
import type { ConnectionId, PlanId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { BEST_CUSTOMERS, chooseMembers } from "#profile/plan/audience.ts";
import { memberIdOf, type AudienceStore, type PlannedMember, type Proposed } from "#profile/store/audience.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";

export interface AudienceInput {
  audiences: AudienceStore;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  connector: Connector;
  /** Of the connection. */
  settings: unknown;
  /** ISO 8601 */
  at: string;
}

/** Audiences that somebody asked for, by the connection's settings. */
export const audiencesOf = (connector: Connector, settings: unknown): AudienceDefinition[] =>
  connector.audienceWanted(settings) === null ? [] : [BEST_CUSTOMERS];

/** Who is to join or to leave. Where nobody asks for an audience any more, everybody leaves it. */
export async function proposeMembers(input: AudienceInput): Promise<{ proposed: Proposed; refused: string | null }> {
  const { audiences, workspaceId, connectionId, connector, settings, at } = input;
  const vendor = connector.audiences;
  if (vendor === undefined) return { proposed: { outcome: "nothing" }, refused: null };
  const audience = BEST_CUSTOMERS.name;
  const wanted = connector.audienceWanted(settings);
  const members = await audiences.members(workspaceId, connectionId, audience);
  const size = wanted?.size ?? 0;
  // Some of those who said yes said it for another address than any we could send.
  const candidates = size === 0 ? [] : await audiences.best(workspaceId, { limit: 2 * size, asOf: at });
  const choice = chooseMembers(candidates, members, {
    ...{ audience, size, vendor },
    memberIdOf: (profileId) => memberIdOf(connectionId, audience, profileId),
  });
  const { joining, leaving, refused } = choice;
  const proposed = await audiences.propose(workspaceId, connectionId, { audience, joining, leaving, at });
  return { proposed, refused: wanted === null ? null : refused };
}

interface Site {
  audiences: AudienceStore;
  workspaceId: WorkspaceId;
  planId: PlanId;
  connection: OpenConnection;
}

/** Members are records to a plan: reading one tells what the vendor has confirmed, writing one lets them join or leave. */
export function asMembers({
  audiences,
  workspaceId,
  planId,
  connection,
}: Site): Pick<OpenConnection, "readLive" | "write"> {
  const planned = (ids: readonly string[]) => audiences.planned(workspaceId, planId, ids as RecordId[]);
  return {
    async readLive(records, fields) {
      const known = new Map(
        (await planned(records.map(({ id }) => id))).map((member) => [member.memberId as string, member]),
      );
      return records.map(({ id }): LiveRecord => {
        const member = known.get(id);
        if (member === undefined) return { id, state: "gone", values: {} };
        const value = heldBy(member);
        return { id, state: "live", values: Object.fromEntries(fields.map((field) => [field, value])) };
      });
    },

    async write(writes, context) {
      const known = new Map(
        (await planned(writes.map(({ id }) => id))).map((member) => [member.memberId as string, member]),
      );
      const results = new Map<string, WriteResult>();
      for (const [audience, group] of Map.groupBy(writes, ({ values }) => Object.keys(values)[0] ?? "")) {
        const joining = group.flatMap((write) => joiningOf(audience, write));
        const leaving = group
          .filter(({ values }) => values[audience] === null)
          .map(({ id, job }) => ({ id, member: known.get(id)?.sent ?? null, ...(job === undefined ? {} : { job }) }));
        // What the vendor was never told of somebody needs no taking back.
        for (const { id, member } of leaving) if (member === null) results.set(id, { id, outcome: "written" });
        const out = await connection.removeMembers(
          audience,
          leaving.flatMap(({ member, ...rest }) => (member === null ? [] : [{ ...rest, member }])),
          contextOf(context),
        );
        await audiences.noteOut(workspaceId, idsWith(out, "written"));
        const added = await connection.addMembers(audience, joining, {
          async begun(job, ids) {
            // First: whoever comes after a crash has to know that they may be in it.
            const begun = new Set(ids);
            const taken = joining.filter(({ id }) => begun.has(id));
            await audiences.noteSent(
              workspaceId,
              taken.map(({ id, member }) => ({ memberId: id as RecordId, member })),
            );
            await context?.begun(job, ids);
          },
        });
        await audiences.noteIn(workspaceId, idsWith(added, "written"));
        await audiences.noteOut(workspaceId, idsWith(added, "rejected"));
        for (const result of [...out, ...added]) results.set(result.id, result);
      }
      return writes.flatMap(({ id }) => results.get(id) ?? []);
    },
  };
}

const idsWith = (results: readonly WriteResult[], wanted: WriteResult["outcome"]): RecordId[] =>
  results.filter(({ outcome }) => outcome === wanted).map(({ id }) => id as RecordId);

const contextOf = (context: WriteContext | undefined) => ({
  begun: async (job: string, ids: readonly string[]) => context?.begun(job, ids),
});

/** A job of the vendor's under way is not the end of it: who leaves may still be in, who joins may not be in yet. */
const heldBy = ({ sent, confirmed, leaving }: PlannedMember): string | null => (leaving || confirmed ? sent : null);

function joiningOf(audience: string, { id, values, grant, job }: RecordWrite): Joining[] {
  const member = values[audience] ?? null;
  return member === null ? [] : [{ id, member, grant: audienceGrant(grant), ...(job === undefined ? {} : { job }) }];
}

/** The ledger, asked by member: what counts is the record whose addresses were sent. Leaving needs nobody's word. */
export function consentOfMembers(
  consent: ConsentStore,
  { audiences, planId }: Pick<Site, "audiences" | "planId">,
): ConsentStore {
  return {
    ...consent,
    async basisFor(workspaceId, memberIds) {
      const members = await audiences.planned(workspaceId, planId, memberIds);
      const recordOf = new Map(members.filter(({ leaving }) => !leaving).map((one) => [one.memberId, one.recordId]));
      const basis = await consent.basisFor(workspaceId, [...recordOf.values()]);
      return {
        snapshot: basis.snapshot,
        recordIds: new Set(memberIds),
        factsOf(memberId, at) {
          const recordId = recordOf.get(memberId);
          return recordId === undefined ? undefined : basis.factsOf(recordId, at);
        },
      };
    },
  };
}
