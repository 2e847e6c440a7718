/**
 * Every rate of the demo shop, in one place. Probabilities unless a unit is named. "[P]": this project's page on
 * synthetic data, whose figures follow published record-linkage and buy-till-you-die data sets; "[A]": our assumption
 * for a small UK shop, chosen so that each kind of mess occurs often enough to be graded at 2,000 customers.
 */
export const defaultRates = {
  /** Days of history before the data end. */
  windowDays: 730,
  /** Persons per household, by share: 1, 2, 3, 4. [P] mean 2.1. */
  householdSizes: [0.34, 0.32, 0.18, 0.16],
  /** Second person of a household is a twin or a junior: same last name, similar or equal first name. [P] 3 % of persons. */
  lookalike: 0.08,
  /** Household uses one family mailbox for everybody. [P] 1 % of persons. */
  familyMailbox: 0.01,
  /** Household has a landline somebody gives as their number. [P] */
  landline: 0.25,
  /** A partner gives the other's mobile. [A] */
  partnersMobile: 0.02,
  /** Adults keep different last names. [A] */
  ownLastName: 0.25,
  /** [P] */
  marriedName: 0.06,
  /** [P] */
  changedEmail: 0.12,
  /** Staff type a shop address when the customer gives none. [P] 40 of 5,000. */
  staffMailbox: 0.008,
  /** "00000000000" typed to get past a mandatory field. [P] 60 of 5,000. */
  placeholderPhone: 0.012,
  /** A company buys for its staff: share of blocks of four persons that work together. [A] */
  workplace: 0.02,
  /** Colleague gives the company's info@ inbox instead of an own address. [A] */
  companyInbox: 0.5,
  /** Lives abroad and pays in euro or yen. [A] */
  euro: 0.015,
  yen: 0.005,

  /** Never bought: newsletter readers and enquiries in the CRM. [A] */
  leadOnly: 0.12,
  /** Channel of buyers: online only, both, the rest store only. [A] */
  onlineOnly: 0.42,
  bothChannels: 0.28,
  /** Share of purchases made online by somebody who uses both. [A] */
  onlineShare: 0.5,
  /** A buyer is also in the CRM. [P] CRM .55. */
  crm: 0.55,
  /** Somebody who buys online has a customer account; others check out as guests. [A] */
  stripeAccount: 0.72,
  /** Account holder checks out as a guest all the same. [A] */
  guestCheckout: 0.1,
  /** Store buyer is in the loyalty programme, that is, in the till's people export. [P] POS .45. */
  loyalty: 0.6,
  /** Loyalty member's sale is rung up without the card: paid by bank card only. [A] */
  cardOnlySale: 0.08,
  /** Buyer without a loyalty card leaves an address for the receipt. [A] */
  emailReceipt: 0.3,
  /** Sales to nobody in particular, per store buyer. [P] 200 walk-ins per 5,000 persons, times their repeat visits. */
  walkIns: 0.3,

  /** A second record of the same person in a source; and a third. [P] */
  duplicate: 0.08,
  secondDuplicate: 0.02,
  /** HubSpot: the duplicate was found and merged by staff. [A] */
  mergedDuplicate: 0.3,
  archivedContact: 0.02,
  /** A second customer object at the payment provider was deleted again. [A] */
  deletedCopy: 0.15,
  /** HubSpot: after a change of address the old one is kept among the additional addresses. [A] */
  additionalEmailKept: 0.7,
  testRecord: 0.004,

  /** A field is absent. [P] CRM .03, POS .35 (spread over fields), e-mail typed at checkout always there. */
  missing: { hubspot: 0.03, stripe: 0.08, csv: 0.15 },
  /** A field is spelt wrong. [P] CRM .05, POS .15; a mistyped checkout address bounces and is mostly corrected. */
  corrupt: { hubspot: 0.03, stripe: 0.015, csv: 0.06 },
  /** Same mailbox, other spelling: plus tag, dots or upper case. [A] */
  emailVariant: 0.08,

  /** MBG/NBD: weekly rate ~ Gamma(r, alpha), dropout after each purchase ~ Beta(a, b). [P] fitted on a music shop;
   *  tea and compost run out, so people leave less readily here (b) and buy a little more often (alpha). */
  purchases: { r: 0.8, alpha: 7, a: 0.8, b: 3.6 },
  /** Order value ~ Gamma(p, nu), nu ~ Gamma(q, rate), pounds. [P] */
  spend: { p: 6.25, q: 3.74, rate: 15.44 },
  /** Latest first purchase, days before the data end. [A] */
  lastFirstPurchaseDays: 7,
  refunded: 0.04,
  /** Of the refunds, in full. [A] */
  refundedInFull: 0.7,
  failedCharge: 0.02,
  /** Online sales taken at a market stall with Stripe's reader. [A] */
  terminal: 0.03,
  /** Account holders in the tea club: a box every month. [A] */
  teaClub: 0.06,
  /** A tea club member ends the membership, per month, without leaving the shop. [A] */
  teaClubCancel: 0.02,

  /** What the CRM says about e-mail marketing: given by form, carried over by an import, withdrawn; the rest says nothing. [A] */
  crmEmail: { form: 0.5, imported: 0.16, withdrawn: 0.16 },
  /** What the till export says: yes, no; the rest is blank. [A] */
  tillEmail: { yes: 0.4, no: 0.12 },
  tillSms: { yes: 0.3, no: 0.1 },
  /** CRM contact asked not to be profiled. [A] */
  profilingObjection: 0.02,
  /** Contact with an address ticked the box for personalised adverts, and took it back later; the rest never saw it. [A] */
  adsConsent: { form: 0.4, withdrawn: 0.1 },

  /** A till rings its cards up through the payment provider's reader: the provider has a charge of the same sale. [A] */
  readerTill: 0.35,
  /** The buyer types an address for the receipt into the reader. [A] */
  readerReceipt: 0.3,

  /** In the e-mail tool: contacts of the CRM with an address; online buyers who are no contact. [A] */
  emailTool: { contact: 0.75, buyer: 0.4 },
  /** The e-mail tool also keeps a profile under the address given up. [A] */
  emailToolOldAddress: 0.3,
  /** It says what the CRM says of them; else one of these, the rest nothing. [A] */
  emailToolAgrees: 0.7,
  emailToolSays: {
    subscribed: 0.35,
    imported: 0.08,
    unsubscribed: 0.14,
    complained: 0.02,
    suppressed: 0.03,
    bounced: 0.05,
  },
  /** Of a letter that was sent. [A] */
  letterOpened: 0.38,
  letterClicked: 0.09,
  /** Reader agreed to their opening of letters being kept. [A] */
  opensAllowed: 0.4,

  /** Days that the web analytics and the ad account tell of; they keep more, but the demo need not read it. */
  figureDays: 30,
  /** Clicked on an advert within these days. [A] */
  adClick: 0.14,
  /** The click's id went into the CRM with the form the person filled in. [A] */
  adClickHeld: 0.7,
  /** Passed their link on: somebody else's contact holds the same click id. [A] */
  adClickShared: 0.06,
  /** Clicks by people the shop never hears of again, for each customer at most. [A] */
  strangersClicks: 2,
  /** Visits of a customer who buys online, at most, besides those that end in an order. [A] */
  visits: 4,
  /** Loyalty member who signs in on the site by their customer number, and did not allow adverts there. [A] */
  siteLogin: 0.25,
  siteAdsRefused: 0.2,
} as const;

type Widened<T> = T extends number ? number : { readonly [K in keyof T]: Widened<T[K]> };
export type Rates = Widened<typeof defaultRates>;
