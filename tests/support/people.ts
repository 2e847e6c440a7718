/** Invented people in both twins: some in one, some in both, with orders and consent. */
import type { HubspotSeed } from "#connectors/hubspot/twin/seed.ts";
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";

const DAY_MS = 86_400_000;

export interface ShopOptions {
  people: number;
  /** Milliseconds since the epoch; orders lie before it. */
  now: number;
}

export const addressOf = (index: number) => `person.${index}@fernandkettle-mail.co.uk`;
/** Valid UK mobile numbers outside the ranges kept for drama. */
export const mobileOf = (index: number) => `+4474${String(10_000_000 + index * 37).padStart(8, "0")}`;
export const contactIdOf = (index: number) => String(1_000 + index);
export const customerIdOf = (index: number) => `cus_${String(index).padStart(6, "0")}`;

const FIRST = ["Ada", "Basil", "Clover", "Dara", "Edda", "Fenn", "Greta", "Hollis", "Imke", "Jorin"];
const LAST = ["Ashgrove", "Birchley", "Copsey", "Dunmoor", "Elderwin", "Fernsby", "Gorsefield", "Hazelop", "Ivymont"];

/** Person i is a HubSpot contact; every second one a Stripe customer too, with orders every 30 days; every third said yes to e-mail. */
export function smallShop({ people, now }: ShopOptions): { hubspot: HubspotSeed; stripe: StripeSeed } {
  const instant = (daysAgo: number) => new Date(now - daysAgo * DAY_MS).toISOString();
  const indexes = Array.from({ length: people }, (_, index) => index);
  const buyers = indexes.filter((index) => index % 2 === 0);
  return {
    hubspot: {
      companies: [],
      deals: [],
      contacts: indexes.map((index) => ({
        id: contactIdOf(index),
        properties: {
          email: addressOf(index),
          firstname: FIRST[index % FIRST.length] ?? null,
          lastname: LAST[index % LAST.length] ?? null,
          phone: mobileOf(index),
        },
        createdAt: instant(400),
        updatedAt: instant(200 + (index % 50)),
        ...(index % 3 === 0
          ? {
              subscriptions: [
                {
                  ...{
                    subscriptionId: "1",
                    subscriptionName: "News",
                    status: "SUBSCRIBED" as const,
                    source: "Form submission",
                  },
                  ...{
                    legalBasis: "CONSENT_WITH_NOTICE",
                    legalBasisExplanation: "sign-up form",
                    timestamp: instant(300),
                  },
                },
              ],
            }
          : {}),
      })),
    },
    stripe: {
      customers: buyers.map((index) => ({
        ...{
          id: customerIdOf(index),
          email: addressOf(index),
          name: null,
          phone: null,
          country: "GB",
          postcode: null,
          city: null,
        },
        createdAt: instant(390),
      })),
      charges: buyers.flatMap((index) =>
        [10 + (index % 60), 40 + (index % 60), 70 + (index % 60)].map((daysAgo) => ({
          ...{
            id: `ch_${index}_${daysAgo}`,
            customer: customerIdOf(index),
            receiptEmail: null,
            amount: 2_500 + index,
            amountRefunded: 0,
          },
          billing: { email: null, name: null, phone: null, country: null, postcode: null },
          ...{
            currency: "gbp",
            status: "succeeded" as const,
            cardPresent: false,
            fingerprint: null,
            createdAt: instant(daysAgo),
          },
        })),
      ),
      refunds: [],
      subscriptions: [],
    },
  };
}
