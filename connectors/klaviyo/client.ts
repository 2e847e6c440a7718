/** The calls of Klaviyo we use: one function per call, replies checked, every one through the account's quota. */
import { AccountsApi, EventsApi, ListsApi, MetricsApi, ProfilesApi } from "klaviyo-api";
import type { ProfileImportJobCreateQuery } from "klaviyo-api";
import { z } from "zod";
import type { AccountIdentity, ConnectEnvironment } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { agentFor } from "#connectors/core/agent.ts";
import { HttpRefusal } from "#connectors/core/http.ts";
import { nullWhen, refusedWith } from "#connectors/core/missing.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import { allowanceIn } from "./allowance.ts";
import { KlaviyoRefusal } from "./errors.ts";
import { idsIn } from "./filter.ts";
import { EVENT_PAGE, IMPORT_ERROR_PAGE, LIST_PAGE, PROFILE_PAGE } from "./limits.ts";
import type { Bucket } from "./limits.ts";
import * as reply from "./schema.ts";
import { CallSession } from "./sdk-session.ts";
import type { Credentials, Settings } from "./settings.ts";

/** Klaviyo itself has no such object. */
const isMissing = refusedWith(404, "not_found");

const authorizationOf = (secret: Credentials): string =>
  "apiKey" in secret ? `Klaviyo-API-Key ${secret.apiKey}` : `Bearer ${secret.accessToken}`;

export interface Listed {
  /** Unchecked. */
  rows: unknown[];
  /** What the page's rows refer to, unchecked. */
  included: unknown[];
  /** Null: Klaviyo names no next page. */
  next: string | null;
  /** Klaviyo's own clock when it answered, epoch milliseconds; null where it does not say. */
  servedAt: number | null;
}

const NOTHING: Listed = { rows: [], included: [], next: null, servedAt: null };

export interface ProfileQuery {
  filter?: string;
  sort?: "id" | "updated" | "subscriptions.email.marketing.suppression.timestamp";
  after?: string | null;
}

/** The parts of a profile we read. Where somebody is to the metre is none of our business. */
const PROFILE_FIELDS = [
  ...(["email", "phone_number", "external_id", "first_name", "last_name", "organization", "created"] as const),
  ...(["updated", "location.city", "location.country", "location.zip", "subscriptions"] as const),
  ...(["location.address1", "location.address2", "location.region", "title"] as const),
];

export type KlaviyoClient = ReturnType<typeof createClient>;

export function createClient(environment: ConnectEnvironment<Settings, Credentials>) {
  const { call, now, credentials: secret, learned } = environment;
  const baseUrl = environment.baseUrl.replace(/\/$/, "");
  const agent = agentFor(baseUrl);

  /** One call; `parse` runs inside it, so that a form we do not know is Klaviyo's fault and not ours. */
  const ask = <T>(
    [bucket, operation, ...scopes]: [Bucket, string, ...string[]],
    send: (session: CallSession) => Promise<unknown>,
    parse: (body: unknown, headers: Headers) => T,
    json?: string,
  ): Promise<T> =>
    call(bucket, operation, async (signal) => {
      const session = new CallSession({
        authorization: authorizationOf(secret),
        agent,
        signal,
        ...(json === undefined ? {} : { json }),
      });
      try {
        await send(session);
      } catch (error) {
        if (!(error instanceof HttpRefusal)) throw error;
        throw new KlaviyoRefusal(error, { scopes, byCursor: session.byCursor });
      }
      const { body, headers } = session.reply ?? { body: null, headers: new Headers() };
      const allowance = allowanceIn(headers);
      if (allowance !== null) learned?.(bucket, allowance);
      return parse(body, headers);
    });

  const at = <Api extends { basePath: string }>(api: Api): Api => {
    api.basePath = baseUrl;
    return api;
  };
  const profilesApi = (session: CallSession) => at(new ProfilesApi(session));
  const pageCursor = (after: string | null | undefined) => (after == null ? {} : { pageCursor: after });

  return {
    settings: environment.settings,
    now,
    pause: environment.pause ?? (async () => undefined),

    account: (): Promise<AccountIdentity> =>
      ask(
        ["accounts", "accounts.list", "accounts:read"],
        (session) =>
          at(new AccountsApi(session)).getAccounts({
            fieldsAccount: ["test_account", "contact_information.organization_name"],
          }),
        (body) => {
          const { id, attributes } = reply.accountReply.parse(body).data[0];
          const title = attributes.contact_information?.organization_name ?? `Klaviyo account ${id}`;
          if (attributes.test_account === undefined) return { account: id, title };
          return { account: id, title, mode: attributes.test_account ? ("test" as const) : ("live" as const) };
        },
      ),

    profiles: ({ filter, sort, after }: ProfileQuery): Promise<Listed> =>
      ask(
        ["profiles", "profiles.list", "profiles:read"],
        (session) =>
          profilesApi(session).getProfiles({
            additionalFieldsProfile: ["subscriptions"],
            fieldsProfile: PROFILE_FIELDS,
            pageSize: PROFILE_PAGE,
            ...(filter === undefined ? {} : { filter }),
            ...(sort === undefined ? {} : { sort }),
            ...pageCursor(after),
          }),
        listed,
      ),

    /** Custom properties as they stand; only those of `ids` that exist. At most a page of them. */
    properties: (ids: readonly string[], after: string | null): Promise<Listed> =>
      ask(
        ["profiles", "profiles.properties", "profiles:read"],
        (session) =>
          profilesApi(session).getProfiles({
            ...{ filter: idsIn(ids), fieldsProfile: ["properties"], pageSize: PROFILE_PAGE },
            ...pageCursor(after),
          }),
        listed,
      ),

    /** The profile this id answers with, or null where Klaviyo itself says that there is none. */
    profile: (id: string): Promise<z.infer<typeof reply.liveRow> | null> =>
      nullWhen(
        ask(
          ["profile", "profiles.read", "profiles:read"],
          (session) => profilesApi(session).getProfile(id, { fieldsProfile: ["properties"] }),
          (body) => z.object({ data: reply.liveRow }).parse(body).data,
        ),
        isMissing,
      ),

    events: (filter: string | null, after: string | null): Promise<Listed> =>
      ask(
        ["events", "events.list", "events:read", "metrics:read"],
        (session) =>
          at(new EventsApi(session)).getEvents({
            fieldsEvent: ["datetime", "timestamp", "event_properties"],
            fieldsMetric: ["name"],
            include: ["metric"],
            pageSize: EVENT_PAGE,
            sort: "datetime",
            ...(filter === null ? {} : { filter }),
            ...pageCursor(after),
          }),
        listed,
      ),

    metrics: (after: string | null): Promise<Listed> =>
      ask(
        ["metrics", "metrics.list", "metrics:read"],
        (session) => at(new MetricsApi(session)).getMetrics({ fieldsMetric: ["name"], ...pageCursor(after) }),
        listed,
      ),

    lists: (after: string | null): Promise<Listed> =>
      ask(
        ["lists", "lists.list", "lists:read"],
        (session) =>
          at(new ListsApi(session)).getLists({
            fieldsList: ["name"],
            pageSize: LIST_PAGE,
            sort: "id",
            ...pageCursor(after),
          }),
        listed,
      ),

    /** Of a list that was deleted meanwhile: nobody. */
    members: async (list: string, filter: string | null, after: string | null): Promise<Listed> =>
      (await nullWhen(
        ask(
          ["members", "lists.profiles", "lists:read", "profiles:read"],
          (session) =>
            at(new ListsApi(session)).getProfilesForList(list, {
              fieldsProfile: ["joined_group_at"],
              pageSize: PROFILE_PAGE,
              sort: "joined_group_at",
              ...(filter === null ? {} : { filter }),
              ...pageCursor(after),
            }),
          listed,
        ),
        isMissing,
      )) ?? NOTHING,

    /** Hands an import in, as encoded; answers its job. */
    startImport: (json: string): Promise<string> =>
      ask(
        ["imports", "profiles.import", "lists:write", "profiles:write"],
        // The session sends `json` in the place of this.
        (session) => profilesApi(session).bulkImportProfiles({} as ProfileImportJobCreateQuery),
        (body) => reply.jobReply.parse(body).data.id,
        json,
      ),

    /** Null: Klaviyo no longer knows the job. */
    importJob: (job: string): Promise<reply.JobReply | null> =>
      nullWhen(
        ask(
          ["import", "profiles.importJob", "lists:read", "profiles:read"],
          (session) => profilesApi(session).getBulkImportProfilesJob(job),
          (body) => reply.jobReply.parse(body).data.attributes,
        ),
        isMissing,
      ),

    importErrors: (job: string, after: string | null): Promise<Listed> =>
      ask(
        ["import_errors", "profiles.importErrors", "profiles:read"],
        (session) =>
          profilesApi(session).getErrorsForBulkImportProfilesJob(job, {
            pageSize: IMPORT_ERROR_PAGE,
            ...pageCursor(after),
          }),
        listed,
      ),
  };
}

function listed(body: unknown, headers: Headers): Listed {
  const { data, links, included = [] } = reply.listReply.parse(body);
  return { rows: data, included, next: cursorIn(links.next), servedAt: servedAtOf(headers) };
}

/**
 * The cursor inside a link, whatever host it names: no reply says whom we call. The SDK finds it only in what holds
 * `https://`, and sends the whole address as the cursor otherwise (23.0.0).
 */
export function cursorIn(link: string | null | undefined): string | null {
  if (link === null || link === undefined) return null;
  const cursor = URL.parse(link, "https://a.klaviyo.com")?.searchParams.get("page[cursor]") ?? "";
  if (cursor !== "") return cursor;
  throw new ConnectorError("contract", "Klaviyo names a next page by an address that holds no cursor.");
}
