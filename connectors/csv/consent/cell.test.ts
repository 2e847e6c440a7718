import { describe, expect, it } from "vitest";
import { readConsentCell, type CellMeaning } from "./cell.ts";

const table: Partial<Record<CellMeaning, string[]>> = {
  yes: [
    "Yes",
    " YES ",
    "y",
    "1",
    "1.0",
    "TRUE",
    "on",
    "✓",
    "✔",
    "✔️",
    "☑",
    "✅",
    "[✓]",
    "ja",
    "Ja, gerne",
    "oui",
    "VRAI",
    "Sí",
    "sì",
    "sim",
    "kyllä",
    "waar",
    "Yes!",
  ],
  no: ["No", "n", "0", "false", "FAUX", "off", "nein", "non", "não", "nee", "nej", "nei", "☐", "[ ]"],
  ballot: ["✗", "✘", "❌"],
  cross: ["x", "X", "[x]", "☒", "×"],
  granted: [
    "SUBSCRIBED",
    "Opted-In",
    "opted_in",
    "OptedIn",
    "angemeldet",
    "abonné",
    "iscritto",
    "suscrito",
    "aangemeld",
    "tilmeldt",
    "Allow",
  ],
  refused: [
    "No thanks",
    "NEVER_SUBSCRIBED",
    "nonsubscribed",
    "Not subscribed",
    "NO_CONSENT",
    "nein danke",
    "non merci",
    "not sure",
    "yes but not by phone",
    "nicht bestellt",
    "pas d'accord",
  ],
  withdrawn: [
    "UNSUBSCRIBED",
    "opted_out",
    "OptedOut",
    "Opt-Out",
    "STOP - do not contact",
    "please remove me",
    "Do Not Allow",
    "USER_SUPPRESSED",
    '["UNSUBSCRIBED"]',
    "subscribed; unsubscribed",
    "abgemeldet",
    "bitte keine E-Mails mehr",
    "désinscrit",
    "plus de mails svp",
    "dado de baja",
    "disiscritto",
    "afgemeld",
    "niet meer mailen",
    "descadastrado",
    "avregistrerad",
    "frameldt",
    "marked as spam",
    "blacklisted",
  ],
  undeliverable: ["cleaned", "Hard bounce", "HARD_BOUNCED"],
  pending: ["pending", "Unconfirmed", "en attente", "ausstehend"],
  unset: ["unknown", "not specified", "keine Angabe", "Not unsubscribed"],
  active: ["Active", "aktiv"],
  blank: ["", "  ", "-", "—", "n/a", "null", "None specified", "0000-00-00", "1970-01-01 00:00:00"],
  unreadable: [
    "perhaps",
    "yes?",
    "Y/N",
    "2",
    "2024-05-01",
    "ask me in spring",
    "vielleicht",
    "peut-être",
    "да",
    "Yes, subscribed since spring",
    "opt-in pending",
  ],
};

describe("a cell of a consent column", () => {
  it.each(Object.entries(table).flatMap(([meaning, cells]) => cells.map((cell) => [cell, meaning] as const)))(
    "%j is %s",
    (cell, meaning) => {
      expect(readConsentCell(cell)).toBe(meaning);
    },
  );

  it("takes no longer for a cell of a megabyte", () => {
    const started = performance.now();
    for (const cell of ["no ".repeat(400_000), "\u2713".repeat(500_000), " ".repeat(1_000_000)]) readConsentCell(cell);
    expect(performance.now() - started).toBeLessThan(500);
  });
});
