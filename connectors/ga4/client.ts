/** The calls we use, one function each. Google's SDK is not among them: see docs/dependencies.md. */
import type { AccountIdentity, ConnectEnvironment } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { HttpRefusal, requestReply } from "#connectors/core/http.ts";
import type { JsonRequest } from "#connectors/core/http.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import { walkPages } from "#connectors/core/walk.ts";
import { googleAccess } from "#connectors/google/access.ts";
import { READ_SCOPE } from "./auth.ts";
import { TITLE, untilNextHour } from "./errors.ts";
import type { Bucket } from "./limits.ts";
import { exhausted, isCrowded } from "./quota.ts";
import type { PropertyQuota } from "./quota.ts";
import {
  audienceExport,
  createdReply,
  exportsReply,
  membersReply,
  propertyReply,
  reportReply,
  summariesReply,
} from "./schema.ts";
import type { AudienceExport, Property, ReportReply } from "./schema.ts";
import type { Credentials, Settings } from "./settings.ts";

export const DATA_ORIGIN = "https://analyticsdata.googleapis.com";
const ADMIN_ORIGIN = "https://analyticsadmin.googleapis.com";
const EVENTS_ORIGIN = "https://www.google-analytics.com";

const CROWDED_PAUSE_MS = 2_000;

/** Asked of the export; the order of its columns. */
export const MEMBER_DIMENSIONS = ["deviceId", "userId", "isAdsPersonalizationAllowed"] as const;

export interface Ga4Client {
  settings: Settings;
  credentials: Credentials;
  /** `properties/123` */
  property: string;
  now(): number;
  pause(ms: number): Promise<void>;
  /** Time zone and name; `servedAt` is Google's own clock, where it tells. */
  describe(): Promise<Property & { servedAt: number | null }>;
  identity(): Promise<AccountIdentity>;
  report(request: object): Promise<ReportReply>;
  /** Snapshots of audiences that were made before, whoever had them made. */
  exports(): Promise<AudienceExport[]>;
  createExport(audience: string): Promise<{ name: string }>;
  exportOf(name: string): Promise<AudienceExport>;
  members(name: string, offset: number, limit: number): Promise<{ audienceRows: unknown[]; rowCount: number }>;
  /** To the Measurement Protocol, `debug` to the address that only checks. */
  events(body: object, where: { debug: boolean; measurementId: string; secret: string }): Promise<unknown>;
}

export function connect(environment: ConnectEnvironment<Settings, Credentials>): Ga4Client {
  const { call, baseUrl, now, credentials, settings } = environment;
  const propertyId = credentials.propertyId.trim().replace(/^properties\//, "");
  const property = `properties/${propertyId}`;
  const access = googleAccess({
    ...{ key: credentials.key, scopes: [READ_SCOPE], baseUrl, ownOrigin: DATA_ORIGIN, call, bucket: "token", now },
  });
  const pause = environment.pause ?? (async () => undefined);
  /** Set by an answer, obeyed by the next call, and told to everybody who shares the property by the framework. */
  let stop: ConnectorError | null = null;

  async function send<Reply>(
    bucket: Bucket,
    operation: string,
    origin: string,
    request: JsonRequest,
    parse: (body: unknown, headers: Headers) => Reply,
  ): Promise<Reply> {
    if (!/^\d+$/.test(propertyId))
      throw new ConnectorError(
        "permission",
        `${TITLE}: the property id is a number, found under Admin, Property details; it is not the measurement id (G-...).`,
      );
    const headers = await access.authorization();
    return call(bucket, operation, async (signal) => {
      if (stop !== null) {
        const reason = stop;
        stop = null;
        throw reason;
      }
      const sent = requestReply(access.originOf(origin), { ...request, headers, signal }).catch(noteServerError);
      const { body, headers: told } = await sent;
      return parse(body, told);
    });
  }

  /** A single one passes; another shortly after closes the property to us for the rest of the hour, before Google does. */
  async function noteServerError(error: unknown): Promise<never> {
    if (!(error instanceof HttpRefusal) || error.status < 500) throw error;
    if (await mayMeetAnother()) throw error;
    throw new ConnectorError(
      "rate_limited",
      `${TITLE} answers with server errors. Ten of them within an hour close the property to us, so nothing is asked for until the next hour.`,
      { retryAfterMs: untilNextHour(now()), wholeAccount: true, status: error.status },
    );
  }

  async function mayMeetAnother(): Promise<boolean> {
    try {
      return await call("server_errors", "server_error", async () => true);
    } catch {
      return false;
    }
  }

  /** One report costs some ten tokens of 40,000 an hour; what is left is in the answer. */
  async function heed(quota: PropertyQuota | undefined): Promise<void> {
    stop = exhausted(quota, now(), environment.share);
    if (isCrowded(quota)) await pause(CROWDED_PAUSE_MS);
  }

  const admin = <Reply>(
    operation: string,
    path: string,
    parse: (body: unknown, headers: Headers) => Reply,
    query = {},
  ) => send("admin", operation, ADMIN_ORIGIN, { method: "GET", path: `/v1beta/${path}`, query }, parse);
  const data = <Reply>(
    operation: string,
    request: Pick<JsonRequest, "method" | "path" | "query" | "body">,
    parse: (body: unknown) => Reply,
  ) => send("reports", operation, DATA_ORIGIN, { ...request, path: `/v1beta/${request.path}` }, parse);

  const describe = () =>
    admin("properties.get", property, (body, headers) => {
      const described = propertyReply.parse(body);
      if (described.name === property) return { ...described, servedAt: servedAtOf(headers) };
      throw new ConnectorError("contract", `${TITLE} answered for another property than it was asked for.`);
    });

  return {
    ...{ settings, credentials, property, now, pause, describe },
    async identity() {
      try {
        const { name, displayName } = await describe();
        return { account: name, title: displayName === "" ? name : displayName };
      } catch (error) {
        if (error instanceof ConnectorError && error.kind === "permission") throw await withChoice(error);
        throw error;
      }
    },
    async report(body) {
      const reply = await data("runReport", { method: "POST", path: `${property}:runReport`, body }, (answer) =>
        reportReply.parse(answer),
      );
      await heed(reply.propertyQuota);
      return reply;
    },
    async exports() {
      const found: AudienceExport[] = [];
      const page = async (after: string | null) => {
        const query = { pageSize: "200", ...(after === null ? {} : { pageToken: after }) };
        const request = { method: "GET", path: `${property}/audienceExports`, query };
        const reply = await data("audienceExports.list", request, (body) => exportsReply.parse(body));
        return { rows: reply.audienceExports, next: nonEmpty(reply.nextPageToken) };
      };
      for await (const { rows } of walkPages("Audience exports", page)) found.push(...rows);
      return found;
    },
    createExport: (audience) =>
      data(
        "audienceExports.create",
        {
          method: "POST",
          path: `${property}/audienceExports`,
          body: {
            audience: `${property}/audiences/${audience}`,
            dimensions: MEMBER_DIMENSIONS.map((dimensionName) => ({ dimensionName })),
          },
        },
        (body) => createdReply.parse(body),
      ),
    exportOf: (name) =>
      data("audienceExports.get", { method: "GET", path: name }, (body) => audienceExport.parse(body)),
    members: (name, offset, limit) =>
      data(
        "audienceExports.query",
        // 64-bit numbers are texts.
        { method: "POST", path: `${name}:query`, body: { offset: String(offset), limit: String(limit) } },
        (body) => membersReply.parse(body),
      ),
    events: (body, { debug, measurementId, secret }) =>
      call("events", debug ? "mp.debug" : "mp.collect", async (signal) => {
        const path = debug ? "/debug/mp/collect" : "/mp/collect";
        const query = { measurement_id: measurementId, api_secret: secret };
        return (await requestReply(access.originOf(EVENTS_ORIGIN), { method: "POST", path, query, body, signal })).body;
      }),
  };

  /** The property is not there for these credentials: which are? */
  async function withChoice(refused: ConnectorError): Promise<ConnectorError> {
    const properties: string[] = [];
    const page = async (after: string | null) => {
      const query = { pageSize: "200", ...(after === null ? {} : { pageToken: after }) };
      const reply = await admin(
        "accountSummaries.list",
        "accountSummaries",
        (body) => summariesReply.parse(body),
        query,
      );
      const rows = reply.accountSummaries.flatMap(({ propertySummaries }) => propertySummaries);
      return { rows, next: nonEmpty(reply.nextPageToken) };
    };
    try {
      for await (const { rows } of walkPages("Account summaries", page))
        properties.push(
          ...rows.map(({ property: name, displayName }) => `${name.replace(/^properties\//, "")} ${displayName}`),
        );
    } catch {
      return refused;
    }
    if (properties.length === 0) return refused;
    const shown = properties.slice(0, 10).join(", ");
    return new ConnectorError(
      "permission",
      `${TITLE}: these credentials do not see the property ${propertyId}. They see: ${shown}.`,
      refused.details,
    );
  }
}

const nonEmpty = (token: string | undefined): string | null => (token === undefined || token === "" ? null : token);
