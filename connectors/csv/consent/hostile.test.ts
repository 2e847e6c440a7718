import { join } from "node:path";
import { expect, it } from "vitest";
import { fileOf, readAll, recordsOf, withFolder } from "../testing.ts";

/**
 * Headers and cells as exports of shops, mailing tools and CRMs have them, and the answer a careful person would give for
 * e-mail and SMS: `yes`, `no`, `open` (a word nobody can read: suspended), `none` (nothing was said), or another channel's no.
 */
const table: [header: string, cell: string, answer: string][] = [
  // English
  ["Email Marketing Opt-In Status", "Subscribed", "yes"],
  ["Email Marketing Opt-In Status", "Not Subscribed", "no"],
  ["Agreed to receive marketing emails?", "Yes", "yes"],
  ["Wants newsletter (Y/N)", "N", "no"],
  ["Has Opted Out Of Email", "true", "no"],
  ["HasOptedOutOfEmail", "false", "none"],
  ["Email Opt Out Timestamp", "2025-03-04 10:00:00", "no"],
  ["unsubscribed_from_emails", "1", "no"],
  ["Subscribed to email list", "unsubscribed - requested by phone", "no"],
  ["Marketing preference", "Unsubscribed", "no"],
  ["Marketing Opt-out (Y/N)", "Y", "no"],
  ["GDPR: Right to object exercised", "yes", "no"],
  ["Suppressed?", "TRUE", "no"],
  ["Global Unsubscribe", "✔", "no"],
  ["Email Do Not Contact", "x", "no"],
  ["Do Not Bulk Email", "Do Not Allow", "no"],
  ["Do Not Bulk Email", "Allow", "none"],
  ["SMS Consent Withdrawn At", "2026-01-02T03:04:05Z", "no sms"],
  ["Text Messages Opted In", "TRUE", "yes sms"],
  ["Text Messages Opted Out", "TRUE", "no sms"],
  ["Complained", "1", "no"],
  ["Newsletter", "paused", "open"],
  ["Newsletter", "No longer at this address", "no"],
  ["Consent to share data with partners", "Yes", "none"],
  ["Accepts Terms & Conditions", "Yes", "none"],
  ["Privacy Policy Accepted", "Yes", "none"],
  ["Marketing emails stopped", "Yes", "no"],
  ["Reason for unsubscribing", "too many e-mails", "no"],
  ["Unsubscribe link", "https://lists.brightleaf.co.uk/u/1", "none"],
  ["Double Opt-In", "Yes", "yes"],
  ["Double Opt-In", "Pending", "none"],
  // A name that does not say to what: no yes, and yet a no.
  ["Consent", "yes", "none"],
  ["Consent", "no", "no"],
  ["Consent", "Declined", "no"],
  ["Permission", "revoked", "no"],
  ["Can be contacted", "N", "no"],
  ["Contactable?", "Y", "none"],
  ["OK to mail", "no", "no, no post"],
  ["Einwilligung", "nein", "no"],
  ["Einwilligung", "ja", "none"],
  ["Consentement", "retiré", "no"],
  ["GDPR consent", "Withdrawn", "no"],
  ["GDPR consent", "No", "none"],
  ["Photo consent", "no", "none"],
  ["Terms accepted", "no", "none"],
  ["Newsletter", "-1", "open"],
  // German
  ["Newsletter-Einwilligung", "erteilt", "yes"],
  ["Newsletter-Einwilligung", "widerrufen", "no"],
  ["Werbung per E-Mail erlaubt", "Ja", "yes"],
  ["Werbung per E-Mail nicht erlaubt", "Ja", "no"],
  ["Widerspruch gegen Werbung", "X", "no"],
  ["Newsletter-Abmeldung", "12.03.2025", "no"],
  ["Keine E-Mails senden", "wahr", "no"],
  ["Newsletterempfänger", "ja", "yes"],
  ["Newsletter abonniert", "☐", "no"],
  ["Datenschutzerklärung akzeptiert", "ja", "none"],
  // French
  ["Abonné à la newsletter", "Oui", "yes"],
  ["Désinscrit de la newsletter", "Oui", "no"],
  ["Refuse les offres commerciales", "VRAI", "no"],
  ["Consentement marketing retiré", "oui", "no"],
  ["Accepte de recevoir des e-mails", "non", "no"],
  ["Ne plus contacter par e-mail", "1", "no"],
  // Spanish
  ["Acepta recibir correos", "Sí", "yes"],
  ["No acepta publicidad", "Sí", "no"],
  ["Fecha de baja del boletín", "03/02/2025", "no"],
  ["Suscripción al boletín", "cancelada", "no"],
  // Italian
  ["Iscritto alla newsletter", "sì", "yes"],
  ["Consenso newsletter", "negato", "no"],
  ["Opposizione al marketing", "S", "no"],
  ["Cancellazione newsletter", "vero", "no"],
  // Dutch
  ["Nieuwsbrief ontvangen", "ja", "yes"],
  ["Wil geen e-mail ontvangen", "ja", "no"],
  ["Uitgeschreven voor nieuwsbrief", "waar", "no"],
  // Portuguese
  ["Aceita marketing por e-mail", "Sim", "yes"],
  ["Não deseja receber e-mails", "Sim", "no"],
  ["Inscrição na newsletter", "cancelada", "no"],
  // Nordic
  ["Prenumererar på nyhetsbrev", "Ja", "yes"],
  ["Har tackat nej till nyhetsbrev", "Ja", "no"],
  ["Tilmeldt nyhedsbrev", "nej", "no"],
  ["Samtykke til markedsføring trukket", "ja", "no"],
  ["Reservert mot e-post", "1", "no"],
  ["Markkinointilupa sähköposti", "kyllä", "yes"],
  ["Sähköpostimarkkinointikielto", "kyllä", "no"],
];

async function answerOf(header: string, cell: string): Promise<string> {
  return withFolder(async (folder) => {
    const quoted = [header, cell].map((text) => `"${text.replaceAll('"', '""')}"`);
    const content = `email,phone,${quoted[0]}\nann@brightleaf.co.uk,07400 661101,${quoted[1]}\n`;
    const file = await fileOf(join(folder, "a.csv"), content, { kind: "people" });
    const said = recordsOf(await readAll([file], "people")).filter((record) => record.kind === "consent");
    const words = said.map(({ channel, state }) => {
      const word = state === "granted" ? "yes" : state === "unknown" ? "open" : state === "pending" ? "none" : "no";
      return channel === "email" || channel === "any" ? word : `${word} ${channel}`;
    });
    return [...new Set(words)].join(", ") || "none";
  });
}

it.each(table)("%s: %s is %s", async (header, cell, answer) => {
  expect(await answerOf(header, cell)).toBe(answer);
});
