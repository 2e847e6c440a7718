/** The Data Manager API: audiences, who comes and who goes, and what became of it. */
import { z } from "zod";
import type { ConnectEnvironment } from "#connectors/core/contract.ts";
import { requestReply } from "#connectors/core/http.ts";
import type { JsonRequest } from "#connectors/core/http.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { GoogleAccess } from "#connectors/google/access.ts";
import type { UserIdentifier } from "./identifiers.ts";
import { USER_LIST_DAYS } from "./limits.ts";
import type { Bucket } from "./limits.ts";

export const DATA_MANAGER_ORIGIN = "https://datamanager.googleapis.com";

export type JobState = "under way" | "done" | "partly" | "failed" | "unknown";

export interface Job {
  state: JobState;
  /** Google's own words for what went wrong: codes, without what they are about. */
  codes: string[];
}

export interface UserList {
  id: string;
  displayName: string;
  integrationCode: string;
  isOpen: boolean;
}

export interface DataManager {
  /** Every list of the account. */
  lists(account: string): Promise<UserList[]>;
  createList(account: string, list: { displayName: string; description: string; code: string }): Promise<void>;
  /** Answers the job's id. Each of these has the ledger's word. */
  ingest(target: Target, members: UserIdentifier[][]): Promise<string>;
  remove(target: Target, members: UserIdentifier[][]): Promise<string>;
  jobOf(id: string): Promise<Job>;
}

export interface Target {
  account: string;
  /** The manager that the way begins at; null: none. */
  through: string | null;
  list: string;
}

const acceptedReply = z.object({ requestId: z.string().min(1) });

const userList = z.object({
  id: z.string(),
  displayName: z.string().default(""),
  integrationCode: z.string().default(""),
  membershipStatus: z.string().default(""),
});
const listsReply = z.object({ userLists: z.array(userList).default([]), nextPageToken: z.string().optional() });

const counts = z.object({ errorCounts: z.array(z.object({ reason: z.string() })).default([]) });
const statusReply = z.object({
  requestStatusPerDestination: z
    .array(z.object({ requestStatus: z.string(), errorInfo: counts.optional() }))
    .default([]),
});

const STATES: Record<string, JobState> = {
  PROCESSING: "under way",
  SUCCESS: "done",
  PARTIAL_SUCCESS: "partly",
  FAILED: "failed",
};

export function dataManager(
  environment: Pick<ConnectEnvironment<unknown, unknown>, "call">,
  access: GoogleAccess,
): DataManager {
  async function send<Reply>(
    bucket: Bucket,
    operation: string,
    request: JsonRequest,
    parse: (body: unknown) => Reply,
  ): Promise<Reply> {
    const headers = await access.authorization();
    return environment.call(bucket, operation, async (signal) =>
      parse((await requestReply(access.originOf(DATA_MANAGER_ORIGIN), { ...request, headers, signal })).body),
    );
  }
  const listsPath = (account: string) => `/v1/accountTypes/GOOGLE_ADS/accounts/${account}/userLists`;
  const members = (one: UserIdentifier[][]) => one.map((userIdentifiers) => ({ userData: { userIdentifiers } }));
  const order = (operation: "ingest" | "remove", body: object) =>
    send(
      "audience_write",
      `audienceMembers.${operation}`,
      { method: "POST", path: `/v1/audienceMembers:${operation}`, body: { ...body, encoding: "HEX" } },
      (reply) => acceptedReply.parse(reply).requestId,
    );

  return {
    async lists(account) {
      const found: UserList[] = [];
      const page = (after: string | null) =>
        send(
          "user_lists",
          "userLists.list",
          { method: "GET", path: listsPath(account), ...(after === null ? {} : { query: { pageToken: after } }) },
          (body) => {
            const { userLists, nextPageToken = "" } = listsReply.parse(body);
            return { rows: userLists, next: nextPageToken === "" ? null : nextPageToken };
          },
        );
      for await (const { rows } of walkPages("Audiences", page))
        found.push(
          ...rows.map(({ membershipStatus, ...list }) => ({ ...list, isOpen: membershipStatus !== "CLOSED" })),
        );
      return found;
    },
    createList: (account, { displayName, description, code }) =>
      send(
        "user_lists",
        "userLists.create",
        {
          ...{ method: "POST", path: listsPath(account) },
          body: {
            ...{ displayName, description, integrationCode: code, membershipStatus: "OPEN" },
            membershipDuration: `${USER_LIST_DAYS * 86_400}s`,
            ingestedUserListInfo: {
              uploadKeyTypes: ["CONTACT_ID"],
              contactIdInfo: { dataSourceType: "DATA_SOURCE_TYPE_FIRST_PARTY" },
            },
          },
        },
        () => undefined,
      ),
    ingest: (target, people) =>
      order("ingest", {
        destinations: [destinationOf(target)],
        audienceMembers: members(people),
        // Of everybody in the call: whoever has not said so is not in it.
        consent: { adUserData: "CONSENT_GRANTED", adPersonalization: "CONSENT_GRANTED" },
        termsOfService: { customerMatchTermsOfServiceStatus: "ACCEPTED" },
      }),
    remove: (target, people) =>
      order("remove", { destinations: [destinationOf(target)], audienceMembers: members(people) }),
    jobOf: (requestId) =>
      send(
        "audience_read",
        "requestStatus.retrieve",
        { method: "GET", path: "/v1/requestStatus:retrieve", query: { requestId } },
        (body) => {
          const told = statusReply.parse(body).requestStatusPerDestination;
          const [only] = told;
          // One destination was named. A job of none, of several, or in a state we do not know has no end yet.
          if (only === undefined || told.length > 1) return { state: "unknown", codes: [] };
          const codes = only.errorInfo?.errorCounts.map(({ reason }) => reason) ?? [];
          return { state: STATES[only.requestStatus] ?? "unknown", codes };
        },
      ),
  };
}

function destinationOf({ account, through, list }: Target): object {
  const of = (accountId: string) => ({ accountType: "GOOGLE_ADS", accountId });
  return {
    reference: "audience",
    operatingAccount: of(account),
    ...(through === null ? {} : { loginAccount: of(through) }),
    productDestinationId: list,
  };
}
