/** Invented contacts for a twin that is started by hand. */
import { inventedPerson } from "#connectors/core/twin/people.ts";
import type { HubspotSeed } from "./twin/seed.ts";

const FIRST_ID = 1001;

/** The first `count` invented people; every third one said yes to newsletters. */
export function inventedContacts(count: number): HubspotSeed {
  const contacts = Array.from({ length: count }, (_, index) => {
    const { firstName, lastName, email, phone, city, postcode, since } = inventedPerson(index);
    return {
      id: String(FIRST_ID + index),
      properties: { email, firstname: firstName, lastname: lastName, phone, city, zip: postcode },
      createdAt: since,
      updatedAt: since,
      subscriptions: [
        {
          subscriptionId: "1",
          subscriptionName: "News",
          status: index % 3 === 0 ? ("SUBSCRIBED" as const) : ("NOT_SPECIFIED" as const),
          source: index % 3 === 0 ? "Form submission" : "",
          legalBasis: index % 3 === 0 ? "CONSENT_WITH_NOTICE" : null,
          legalBasisExplanation: index % 3 === 0 ? "Sign-up form" : null,
          timestamp: since,
        },
      ],
    };
  });
  return { contacts, companies: [], deals: [] };
}
