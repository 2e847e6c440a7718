/** How the payment provider knows a person: customers, charges with and without one, refunds, tea club subscriptions. */
import type { StripeSeed } from "#connectors/stripe/twin/seed.ts";
import { STAFF_MAILBOXES, isOwn, misspellEmail, respellEmail, varyFirstName, writePhone } from "./mess.ts";
import { DAY_MS, emailAt, lastNameAt, type Person, type Window } from "./person.ts";
import { minorOf, TEA_CLUB_POUNDS, teaClubPayments, teaClubPeriodEnd, type Buying } from "./purchases.ts";
import { hashOf, randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";

const TOPIC = { presence: 20, customer: 21, charge: 22, membership: 23 };

type Customer = StripeSeed["customers"][number];
type Charge = StripeSeed["charges"][number];

/** What a sale left behind at the provider, net of refunds, minor units of `currency`. */
export interface Sale {
  netMinor: number;
  currency: string;
  at: number;
}

export interface PaymentShare {
  seed: StripeSeed;
  /** Charges without a customer: the person is known by what was typed at checkout, or by card alone. */
  guests: { charge: string; traceable: boolean }[];
  sales: Sale[];
  /** Orders on the site that were paid. */
  checkouts: { charge: string; at: number; pounds: number }[];
}

/** What the provider holds about one person. */
export function paymentShareOf(
  seed: number,
  person: Person,
  buying: Buying,
  rates: Rates,
  window: Window,
): PaymentShare {
  const share: PaymentShare = {
    seed: { customers: [], charges: [], refunds: [], subscriptions: [] },
    ...{ guests: [], sales: [], checkouts: [] },
  };
  const online = buying.purchases.filter((purchase) => purchase.place === "online");
  const random = randomOf(seed, TOPIC.presence, person.index);
  const account = (online.length > 0 && random.chance(rates.stripeAccount)) || buying.teaClub !== null;
  const first = Math.min(online[0]?.at ?? Infinity, buying.teaClub?.startedAt ?? Infinity);
  if (account) share.seed.customers.push(...customersOf(seed, person, first, rates, window));
  const accounts = share.seed.customers.filter((customer) => customer.deleted !== true);

  for (const { number, at, pounds } of online) {
    const draw = randomOf(seed, TOPIC.charge, person.index, number);
    const open = accounts.filter((customer) => Date.parse(customer.createdAt) <= at);
    const guest = open.length === 0 || draw.chance(rates.guestCheckout);
    const terminal = guest && draw.chance(rates.terminal);
    const customer = guest ? null : draw.pick(open);
    const id = idOf("ch", seed, person.index, number);
    const isPaid = charge(draw, { id, at, customer, terminal, minor: minorOf(pounds, person.currency) });
    if (isPaid && !terminal) share.checkouts.push({ charge: id, at, pounds: Math.round(pounds * 100) / 100 });
  }
  const member = accounts[0] ?? null;
  if (buying.teaClub !== null && member !== null) {
    const { startedAt, endedAt } = buying.teaClub;
    const minor = minorOf(TEA_CLUB_POUNDS, "GBP");
    for (const [number, at] of teaClubPayments(buying.teaClub, window).entries()) {
      const draw = randomOf(seed, TOPIC.membership, person.index, number);
      charge(draw, {
        id: idOf("ch", seed, person.index, 100_000 + number),
        at,
        customer: member,
        terminal: false,
        minor,
      });
    }
    share.seed.subscriptions.push({
      id: idOf("sub", seed, person.index, 0),
      customer: member.id,
      status: endedAt === null ? "active" : "canceled",
      amount: minor,
      currency: "gbp",
      interval: "month",
      startedAt: new Date(startedAt).toISOString(),
      currentPeriodEnd: new Date(teaClubPeriodEnd(buying.teaClub, window)).toISOString(),
      endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    });
  }
  return share;

  function charge(
    draw: Random,
    sale: { id: string; at: number; customer: Customer | null; terminal: boolean; minor: number },
  ): boolean {
    const failed = draw.chance(rates.failedCharge);
    const refund = !failed && draw.chance(rates.refunded);
    const refunded = !refund ? 0 : draw.chance(rates.refundedInFull) ? sale.minor : Math.ceil(sale.minor / 3);
    const billing = sale.terminal ? NOT_TYPED : billingOf(draw, person, sale.at, rates, sale.customer);
    const receiptEmail = sale.terminal && draw.chance(0.3) ? emailAt(person, sale.at) : null;
    share.seed.charges.push({
      id: sale.id,
      customer: sale.customer?.id ?? null,
      billing,
      receiptEmail,
      amount: sale.minor,
      amountRefunded: refunded,
      currency: person.currency.toLowerCase(),
      status: failed ? "failed" : "succeeded",
      cardPresent: sale.terminal,
      fingerprint: cardOf(seed, person, sale.at),
      createdAt: new Date(sale.at).toISOString(),
    });
    if (refunded > 0) {
      share.seed.refunds.push({
        id: idOf("re", seed, person.index, hashOf(sale.at)),
        charge: sale.id,
        amount: refunded,
        currency: person.currency.toLowerCase(),
        status: "succeeded",
        createdAt: new Date(Math.min(window.end - 1, sale.at + (2 + draw.below(12)) * DAY_MS)).toISOString(),
      });
    }
    if (sale.customer === null) {
      const traceable = isOwn(billing.email ?? receiptEmail, billing.phone);
      share.guests.push({ charge: sale.id, traceable });
    }
    if (!failed) share.sales.push({ netMinor: sale.minor - refunded, currency: person.currency, at: sale.at });
    return !failed;
  }
}

const NOT_TYPED = { email: null, name: null, phone: null, country: null, postcode: null };

/** The provider's side of sales that the till took by its reader: the card, perhaps an address, and the same money. */
export function readerShareOf(sales: readonly ReaderSale[], window: Window): StripeSeed {
  const share: StripeSeed = { customers: [], charges: [], refunds: [], subscriptions: [] };
  for (const { charge, at, card, receiptEmail, totalMinor, returnedMinor } of sales) {
    share.charges.push({
      ...{ id: charge, customer: null, billing: NOT_TYPED, receiptEmail },
      ...{ amount: totalMinor, amountRefunded: returnedMinor, currency: "gbp", status: "succeeded" },
      ...{ cardPresent: true, fingerprint: card, createdAt: new Date(at - RECEIPT_TAKES_MS).toISOString() },
    });
    if (returnedMinor === 0) continue;
    const createdAt = new Date(Math.min(window.end - 1, at + 5 * DAY_MS)).toISOString();
    const refund = { id: charge.replace("ch_", "re_"), charge, amount: returnedMinor, currency: "gbp" };
    share.refunds.push({ ...refund, status: "succeeded", createdAt });
  }
  return share;
}

/** From the provider's charge to the till's receipt. */
const RECEIPT_TAKES_MS = 22_000;

/** A sale at the till, paid by the reader of the payment provider. */
export interface ReaderSale {
  receipt: string;
  charge: string;
  at: number;
  card: string;
  receiptEmail: string | null;
  totalMinor: number;
  returnedMinor: number;
  /** The till knows whose it was. */
  isKnown: boolean;
}

/** One account, sometimes a second or third: the checkout makes a new one when the address is spelt differently. */
function customersOf(seed: number, person: Person, from: number, rates: Rates, window: Window): Customer[] {
  const customers: Customer[] = [];
  for (let copy = 0; copy < 3; copy++) {
    const random = randomOf(seed, TOPIC.customer, person.index, copy);
    if (copy > 0 && !random.chance(copy === 1 ? rates.duplicate : rates.secondDuplicate)) break;
    const at = copy === 0 ? from : from + Math.floor(random.next() * (window.end - DAY_MS - from));
    const address =
      person.company !== null && random.chance(rates.companyInbox)
        ? `info@${person.company.domain}`
        : emailAt(person, at);
    const email = random.chance(rates.corrupt.stripe)
      ? misspellEmail(random, address)
      : random.chance(copy === 0 ? rates.emailVariant : 0.6)
        ? respellEmail(random, address)
        : address;
    const missing = () => random.chance(rates.missing.stripe);
    customers.push({
      id: idOf("cus", seed, person.index, copy),
      email,
      name: missing() ? null : `${varyFirstName(random, person.firstName)} ${lastNameAt(person, at)}`,
      phone: random.chance(0.5) ? writePhone(random, person.phone, person.country) : null,
      country: missing() ? null : person.country,
      postcode: missing() ? null : person.postcode,
      city: missing() ? null : person.town,
      createdAt: new Date(Math.min(at, window.end - 1)).toISOString(),
      ...(copy > 0 && random.chance(rates.deletedCopy) ? { deleted: true } : {}),
      metadata: random.chance(0.2) ? { source: random.pick(["web", "phone", "fair"]) } : {},
    });
  }
  return customers;
}

function billingOf(
  random: Random,
  person: Person,
  at: number,
  rates: Rates,
  customer: Customer | null,
): Charge["billing"] {
  const own = emailAt(person, at);
  const typed = random.chance(rates.corrupt.stripe)
    ? misspellEmail(random, own)
    : random.chance(rates.emailVariant)
      ? respellEmail(random, own)
      : own;
  const email = customer?.email ?? (random.chance(rates.staffMailbox) ? random.pick(STAFF_MAILBOXES) : typed);
  return {
    email,
    name: `${varyFirstName(random, person.firstName)} ${lastNameAt(person, at)}`,
    phone: customer === null && random.chance(0.4) ? writePhone(random, person.phone, person.country) : null,
    country: person.country,
    postcode: random.chance(rates.missing.stripe) ? null : person.postcode,
  };
}

/** The fingerprint of the card in use; people get a new card after some time. */
export function cardOf(seed: number, person: Person, at: number): string {
  const renewal = person.renamedAt;
  return idOf("", seed, person.index, at < renewal ? 900_001 : 900_002);
}

/** A vendor-like id: prefix and 16 characters that follow from the keys. */
export function idOf(prefix: string, ...keys: number[]): string {
  const part = (salt: number) =>
    hashOf(...keys, salt)
      .toString(36)
      .padStart(7, "0");
  const body = `${part(1)}${part(2)}${part(3)}`.slice(0, 16);
  return prefix === "" ? body : `${prefix}_${body}`;
}
