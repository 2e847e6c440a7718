/** The Data Manager API, as strict as Google's description of it: unknown fields, other hashes and too many people are refused. */
import { z } from "zod";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Routes } from "#connectors/core/twin/route.ts";
import type { GoogleAdsAccount, JobState } from "./account.ts";
import { googleError } from "./errors.ts";

export const DATA_MANAGER_SCOPE = "https://www.googleapis.com/auth/datamanager";
const MOST_MEMBERS = 10_000;
const LONGEST_STAY_SECONDS = 540 * 86_400;

const hex = z.string().regex(/^[0-9a-f]{64}$/);
const productAccount = z.strictObject({
  accountType: z.literal("GOOGLE_ADS"),
  accountId: z.string().regex(/^\d{10}$/),
});
const destination = z.strictObject({
  reference: z.string().optional(),
  operatingAccount: productAccount,
  loginAccount: productAccount.optional(),
  productDestinationId: z.string().regex(/^\d+$/),
});
const member = z.strictObject({
  userData: z.strictObject({
    userIdentifiers: z
      .array(
        z.union([
          z.strictObject({ emailAddress: hex }),
          z.strictObject({ phoneNumber: hex }),
          z.strictObject({
            address: z.strictObject({
              ...{ givenName: hex, familyName: hex },
              ...{ regionCode: z.string().regex(/^[A-Z]{2}$/), postalCode: z.string().min(1) },
            }),
          }),
        ]),
      )
      .min(1)
      .max(10),
  }),
});
const changes = {
  destinations: z.array(destination).min(1).max(10),
  audienceMembers: z.array(member).min(1).max(MOST_MEMBERS),
  encoding: z.literal("HEX"),
};
const consent = z.enum(["CONSENT_GRANTED", "CONSENT_DENIED"]);
const ingestBody = z.strictObject({
  ...changes,
  consent: z.strictObject({ adUserData: consent, adPersonalization: consent }).optional(),
  termsOfService: z.strictObject({ customerMatchTermsOfServiceStatus: z.enum(["ACCEPTED", "REJECTED"]) }).optional(),
});
const removeBody = z.strictObject(changes);
const listBody = z.strictObject({
  displayName: z.string().min(1),
  description: z.string().optional(),
  integrationCode: z.string().optional(),
  membershipStatus: z.enum(["OPEN", "CLOSED"]),
  membershipDuration: z.string().regex(/^\d+s$/),
  ingestedUserListInfo: z.strictObject({
    uploadKeyTypes: z.tuple([z.literal("CONTACT_ID")]),
    contactIdInfo: z.strictObject({ dataSourceType: z.literal("DATA_SOURCE_TYPE_FIRST_PARTY") }),
  }),
});

export function dataManagerRoutes(account: GoogleAdsAccount): Routes {
  const listsPath = "/v1/accountTypes/GOOGLE_ADS/accounts/:account/userLists";
  const permission = DATA_MANAGER_SCOPE;
  const rendered = ({
    id,
    ...list
  }: {
    id: string;
    account: string;
    displayName: string;
    integrationCode: string;
    membershipStatus: string;
  }) => ({
    ...{ name: `accountTypes/GOOGLE_ADS/accounts/${list.account}/userLists/${id}`, id },
    ...{
      displayName: list.displayName,
      integrationCode: list.integrationCode,
      membershipStatus: list.membershipStatus,
    },
  });
  return {
    [`GET ${listsPath}`]: {
      permission,
      handle: ({ params }) =>
        ok({ userLists: [...account.lists.values()].filter((list) => list.account === params.account).map(rendered) }),
    },
    [`POST ${listsPath}`]: {
      permission,
      handle(call) {
        const body = call.body(listBody);
        if (account.accounts.get(call.params.account ?? "") === undefined) throw denied();
        if (Number.parseInt(body.membershipDuration, 10) > LONGEST_STAY_SECONDS)
          throw googleError(400, "membership_duration must be at most 540 days.");
        const list = {
          ...{ id: String(8_000_000_000 + account.next("lists")), account: call.params.account ?? "", members: [] },
          ...{ displayName: body.displayName, integrationCode: body.integrationCode ?? "", membershipStatus: "OPEN" },
        };
        account.lists.put(list);
        return ok(rendered(list));
      },
    },
    "POST /v1/audienceMembers::ingest": {
      permission,
      handle(call) {
        const body = call.body(ingestBody);
        if (body.termsOfService?.customerMatchTermsOfServiceStatus !== "ACCEPTED")
          throw googleError(400, "The Customer Match terms of service have not been accepted.");
        if (body.consent?.adUserData !== "CONSENT_GRANTED" || body.consent.adPersonalization !== "CONSENT_GRANTED")
          throw googleError(400, "Consent is missing for people in the EEA.");
        return ok({ requestId: ordered(account, "ingest", body), fieldWarnings: [] });
      },
    },
    "POST /v1/audienceMembers::remove": {
      permission,
      handle: (call) => ok({ requestId: ordered(account, "remove", call.body(removeBody)) }),
    },
    "GET /v1/requestStatus::retrieve": { permission, handle: (call) => ok(statusOf(account, call)) },
  };
}

const denied = () => googleError(403, "The caller does not have permission.");

function ordered(account: GoogleAdsAccount, order: JobState["order"], body: z.infer<typeof removeBody>): string {
  const [target] = body.destinations;
  const list = account.lists.get(target?.productDestinationId ?? "");
  if (list === undefined || list.account !== target?.operatingAccount.accountId) throw denied();
  const members = body.audienceMembers.map(({ userData }) => JSON.stringify(userData.userIdentifiers));
  return account.order(list.id, order, members);
}

function statusOf(account: GoogleAdsAccount, { query }: Call): object {
  const found = account.jobOf(query.get("requestId") ?? "");
  if (found === null) throw googleError(404, "The request was not found.");
  const { job, isOver } = found;
  const recordCount = String(job.members.length);
  const counted = { userDataIngestionStatus: { recordCount, userIdentifierCount: recordCount } };
  const removed = { userDataRemovalStatus: { recordCount, userIdentifierCount: recordCount } };
  const failed = { errorCounts: [{ reason: "PROCESSING_ERROR_REASON_INVALID_FORMAT", recordCount: "1" }] };
  return {
    requestStatusPerDestination: [
      {
        requestStatus: isOver ? job.ends : "PROCESSING",
        ...(job.order === "ingest"
          ? { audienceMembersIngestionStatus: counted }
          : { audienceMembersRemovalStatus: removed }),
        ...(isOver && job.ends !== "SUCCESS" ? { errorInfo: failed } : {}),
      },
    ],
  };
}
