/** Invented people for a twin that is started by hand. */
import { inventedPerson } from "#connectors/core/twin/people.ts";
import { idOf } from "./twin/account.ts";
import { NEVER_SUBSCRIBED } from "./twin/seed.ts";
import type { KlaviyoSeed } from "./twin/seed.ts";

/** Subscribed by a form with double opt-in, and nothing in the way. */
export const subscribedSince = (timestamp: string) => ({
  ...NEVER_SUBSCRIBED,
  email: {
    marketing: {
      ...NEVER_SUBSCRIBED.email.marketing,
      ...{ consent: "SUBSCRIBED", consent_timestamp: timestamp, last_updated: timestamp },
      ...{ method: "PREFERENCE_PAGE", double_optin: true },
    },
  },
});

/** The first `count` invented people; every third one said yes to newsletters, is on the list and clicked one. */
export function inventedProfiles(count: number): KlaviyoSeed {
  const people = Array.from({ length: count }, (_, index) => ({
    id: idOf(index + 1),
    index,
    ...inventedPerson(index),
  }));
  const readers = people.filter(({ index }) => index % 3 === 0);
  return {
    profiles: people.map(({ id, index, firstName, lastName, email, phone, city, postcode, since }) => ({
      id,
      attributes: {
        ...{ email, phone_number: phone, first_name: firstName, last_name: lastName },
        ...{ location: { city, zip: postcode, country: "United Kingdom" }, created: since, updated: since },
        subscriptions: index % 3 === 0 ? subscribedSince(since) : NEVER_SUBSCRIBED,
      },
    })),
    events: readers.map(({ id, index, since }) => ({
      ...{ id: `S${String(index).padStart(9, "0")}`, metric: "Clicked Email", profile: id, datetime: since },
      properties: { "Campaign Name": "Spring letter" },
    })),
    lists: [
      { id: "LNEWS1", name: "Newsletter", members: readers.map(({ id, since }) => ({ profile: id, joined: since })) },
    ],
  };
}
