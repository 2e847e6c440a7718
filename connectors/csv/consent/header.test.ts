import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readConsentHeader } from "./header.ts";

/** `in` and `out` as they are; `in?`: not certain; `null`: not about consent. */
function way(name: string): string {
  const header = readConsentHeader(name);
  if (header === null) return "none";
  const { role, polarity, certain } = header;
  if (role === "date" || role === "source") return role === "date" ? `${polarity} date` : "source";
  if (role === "undeliverable") return "undeliverable";
  if (role === "status") return "status";
  return polarity === "in" && !certain ? "in?" : polarity;
}

describe("which way the yes of a column points", () => {
  it.each([
    // What shops, mailing tools and CRMs write.
    ["Accepts Marketing", "in"],
    ["Accepts Email Marketing", "in"],
    ["HasOptedOutOfEmail", "out"],
    ["HasOptedOutOfFax", "out"],
    ["DoNotCall", "out"],
    ["Email Opt Out", "out"],
    ["emailOptOut", "out"],
    ["email_opt_in", "in"],
    ["SMSOptIn", "in"],
    ["Marketing Suspended", "out"],
    ["Black Listed", "out"],
    ["EMAIL_BLOCKLISTED", "out"],
    ["Do Not Allow Bulk Emails", "out"],
    ["Send Marketing Materials", "none"],
    ["Email Subscription Status", "in"],
    ["Member Status", "status"],
    ["Is Subscribed", "in"],
    ["isUnsubscribed", "out"],
    ["unsubscribed_at", "out date"],
    ["Unsubscribe Date", "out date"],
    ["Date of unsubscription", "out date"],
    ["Opt-out date", "out date"],
    ["OPTIN_TIME", "in date"],
    ["Confirmed at", "in date"],
    ["CONSENT_TIMESTAMP", "either date"],
    ["UNSUB_CAMPAIGN_ID", "none"],
    ["Unsubscribe URL", "none"],
    ["Unsubscribe link", "none"],
    ["Number of unsubscribes", "none"],
    ["Unsub reason", "out"],
    ["Hard bounced", "undeliverable"],
    ["Spam complaint", "out"],
    ["Email marketing unsubscribed", "out"],
    ["Newsletter permission denied", "out"],
    ["Consent to marketing revoked", "out"],
    ["Consent status", "status"],
    ["Marketing consent expired", "out"],
    ["No marketing", "out"],
    ["No longer wants newsletter", "out"],
    ["Don't email", "out"],
    ["Never contact by phone", "out"],
    ["Refused SMS", "out"],
    ["Newsletter (cancelled)", "out"],
    ["Excluded from mailings", "out"],
    ["Remove from mailing list", "out"],
    ["donotmail", "out"],
    ["DNC", "out"],
    ["Suppression list", "out"],
    ["TPS", "out"],
    ["Deactivated", "out"],
    ["Spärrad", "out"],
    ["Geblokkeerd", "out"],
    ["deaktiviert am", "out date"],
    // Polish, Czech, Turkish
    ["Zgoda na newsletter", "in"],
    ["Zgoda cofnięta", "out"],
    ["Brak zgody na e-mail", "out"],
    ["Wypisany", "out"],
    ["Data wypisania", "out date"],
    ["Nie wysyłać e-maili", "out"],
    ["Souhlas s newsletterem", "in"],
    ["Odhlášen", "out"],
    ["Ticari ileti izni", "in"],
    ["E-posta izni iptal", "out"],
    ["Abonelikten çıktı", "out"],
    // German
    ["Werbeeinwilligung", "in"],
    ["Einwilligung E-Mail", "in"],
    ["Werbung erlaubt", "in"],
    ["Keine Werbung", "out"],
    ["Newsletter abbestellt", "out"],
    ["Abgemeldet am", "out date"],
    ["Abmeldedatum", "out date"],
    ["Werbewiderspruch", "out"],
    ["Einwilligung widerrufen", "out"],
    ["Newsletter nicht erwünscht", "out"],
    ["Telefonkontakt untersagt", "out"],
    ["Mailsperre", "out"],
    ["Nicht anrufen", "out"],
    // French
    ["Accepte la newsletter", "in"],
    ["Désabonné", "out"],
    ["Date de désabonnement", "out date"],
    ["Ne pas contacter", "out"],
    ["Ne souhaite plus recevoir d'e-mails", "out"],
    ["Opposition à la prospection", "out"],
    ["Refus newsletter", "out"],
    ["Liste rouge", "out"],
    // Spanish
    ["Acepta publicidad", "in"],
    ["Suscrito al boletín", "in"],
    ["Dado de baja", "out"],
    ["Fecha de baja", "out date"],
    ["No desea recibir publicidad", "out"],
    ["Lista Robinson", "out"],
    ["Consentimiento revocado", "out"],
    // Italian
    ["Consenso marketing", "in"],
    ["Consenso marketing revocato", "out"],
    ["Disiscritto", "out"],
    ["Data disiscrizione", "out date"],
    ["Non inviare newsletter", "out"],
    // Dutch
    ["Nieuwsbrief", "in"],
    ["Afgemeld", "out"],
    ["Uitgeschreven op", "out date"],
    ["Geen reclame per e-mail", "out"],
    ["Toestemming ingetrokken", "out"],
    // Portuguese
    ["Aceita receber newsletter", "in"],
    ["Descadastrado", "out"],
    ["Não enviar e-mails", "out"],
    ["Consentimento revogado", "out"],
    // Nordic
    ["Nyhetsbrev", "in"],
    ["Nyhetsbrev avregistrerad", "out"],
    ["Inte nyhetsbrev", "out"],
    ["Samtycke återkallat", "out"],
    ["Nyhedsbrev frameldt", "out"],
    ["Samtykke trukket tilbake", "out"],
    ["Ønsker ikke reklame", "out"],
    ["Suoramarkkinointikielto", "out"],
    ["Uutiskirje", "in"],
    // A no turned around may be a yes: it is taken for none.
    ["Not unsubscribed", "unclear"],
    ["No opt-out", "unclear"],
    ["Opt-out declined", "unclear"],
    ["Suppression removed", "unclear"],
    ["Never opted out", "unclear"],
    ["Consent not withdrawn", "unclear"],
    ["Nicht abgemeldet", "unclear"],
    ["Non disiscritto", "unclear"],
    ["Blocklist: no", "out"],
    // Consent to what?
    ["Consent", "in?"],
    ["GDPR consent", "in?"],
    ["Terms accepted", "in?"],
    ["Partner marketing consent", "in?"],
    ["Cookie consent", "in?"],
    ["Consent to medical treatment", "in?"],
    ["Consent requested", "none"],
    ["Marketing information", "none"],
    ["Subscription", "in?"],
    ["Email confirmed", "none"],
    ["Email verified", "none"],
    ["Marketing contact status", "status"],
    // Not about consent, whatever words are in them.
    ["Email", "none"],
    ["Phone No", "none"],
    ["Email consent: no", "out"],
    ["Newsletter - No", "out"],
    ["Contact No.", "none"],
    ["No. of emails sent", "none"],
    ["Mobile", "none"],
    ["SMS", "none"],
    ["Postal code", "none"],
    ["Address Line 1", "none"],
    ["Order Status", "none"],
    ["Lead Status", "none"],
    ["Cancelled at", "none"],
    ["Data di nascita", "none"],
    ["Inscrit le", "none"],
    ["Fecha de alta", "none"],
    ["Tags", "none"],
    ["Decline Reason", "none"],
    ["Loyalty points", "none"],
  ])("%s: %s", (name, expected) => {
    expect(way(name)).toBe(expected);
  });

  it("knows the channel, and what it is for", () => {
    expect(readConsentHeader("Accepts SMS Marketing")).toMatchObject({ channels: ["sms"], purpose: "marketing" });
    expect(readConsentHeader("Do Not Call")).toMatchObject({ channels: ["call"] });
    expect(readConsentHeader("Unsubscribed from newsletter")).toMatchObject({ channels: ["email"] });
    expect(readConsentHeader("Email & SMS opt-in")).toMatchObject({ channels: ["email", "sms"] });
    expect(readConsentHeader("OptOut Mail")).toMatchObject({ channels: [], mail: true });
    expect(readConsentHeader("Do not sell my data")).toMatchObject({ purpose: "ad_audience", polarity: "out" });
    expect(readConsentHeader("Opt-out of profiling")).toMatchObject({ purpose: "personalisation", polarity: "out" });
  });

  const yes = [
    "accepts marketing",
    "newsletter",
    "email consent",
    "SMS opt-in",
    "Einwilligung E-Mail",
    "abonnement newsletter",
    "consenso marketing",
    "suscripción boletín",
    "toestemming nieuwsbrief",
    "samtycke nyhetsbrev",
    "consentimento newsletter",
  ];
  const no = [
    "not",
    "no",
    "withdrawn",
    "revoked",
    "unsubscribed",
    "opt-out",
    "declined",
    "cancelled",
    "expired",
    "widerrufen",
    "abgemeldet",
    "keine",
    "nicht",
    "désabonné",
    "sans",
    "refusé",
    "revocato",
    "disiscritto",
    "non",
    "baja",
    "rechazado",
    "geen",
    "ingetrokken",
    "afgemeld",
    "sem",
    "revogado",
    "återkallat",
    "avregistrerad",
    "ikke",
    "frameldt",
    "kielletty",
  ];

  it("never reads a name with a negating word as one whose yes is a yes", () => {
    const parts = fc.tuple(
      fc.constantFrom(...yes),
      fc.array(fc.constantFrom(...no), { minLength: 1, maxLength: 3 }),
      fc.constantFrom("status", "flag", "(y/n)", "2", "by customer", "", ""),
      fc.constantFrom(" ", "_", "-", ": ", " / "),
      fc.boolean(),
    );
    fc.assert(
      fc.property(parts, ([subject, negations, tail, glue, first]) => {
        const words = first ? [...negations, subject, tail] : [subject, ...negations, tail];
        const header = readConsentHeader(words.filter((word) => word !== "").join(glue));
        expect(["out", "unclear"]).toContain(header?.polarity ?? "out");
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes no longer for a name of a megabyte", () => {
    const before = process.cpuUsage();
    for (const name of ["no ".repeat(400_000), "x".repeat(1_000_000), "optout".repeat(150_000)])
      readConsentHeader(name);
    expect(process.cpuUsage(before).user).toBeLessThan(500_000);
  });
});
