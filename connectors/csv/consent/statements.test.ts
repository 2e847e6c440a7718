import * as fc from "fast-check";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fileOf, readAll, recordsOf, rejectsOf, withFolder } from "../testing.ts";
import { applyOverrides } from "../overrides.ts";
import { guessFile } from "../guess.ts";
import { LONDON } from "../testing.ts";

interface Options {
  name?: string;
  overrides?: string[];
  timeZone?: string;
}

const read = (content: string, { name = "list.csv", overrides = [], timeZone = "Europe/London" }: Options = {}) =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, name), content, { kind: "people", overrides, timeZone });
    return readAll([file], "people");
  });

/** `email withdrawn 2026-11-02T23:59:59.999Z`, in the file's order. */
const said = async (content: string, options: Options = {}) =>
  recordsOf(await read(content, options))
    .filter((record) => record.kind === "consent")
    .map(({ channel, state, effectiveAt, explicit, cause }) =>
      [channel, state, effectiveAt ?? "undated", ...(explicit ? ["explicit"] : []), ...(cause ? [cause] : [])].join(
        " ",
      ),
    );

const withdrawn = ["email withdrawn undated", "any withdrawn undated"];
/** No message gets there: a no for now, and the address on the list of those that nothing is sent to. */
const undeliverable = ["email denied undated", "email denied undated hard_bounce"];

describe("consent in a list of people", () => {
  it("takes a yes under the name of a no for a no, and a no there for nothing", async () => {
    expect(await said("email,Marketing Consent Withdrawn\na@brightleaf.co.uk,Yes\nb@brightleaf.co.uk,No\n")).toEqual(
      withdrawn,
    );
    expect(await said("email,Email marketing unsubscribed\na@brightleaf.co.uk,yes\nb@brightleaf.co.uk,no\n")).toEqual([
      "email withdrawn undated",
    ]);
    expect(await said("email,Opted out\na@brightleaf.co.uk,FALSE\n")).toEqual([]);
    expect(await said("email,Subscribed\na@brightleaf.co.uk,no\n")).toEqual(["email denied undated"]);
  });

  it("takes what a list of those who left says for every row without a word of its own", async () => {
    const rows =
      "email,Reason\na@brightleaf.co.uk,unsubscribed\nb@brightleaf.co.uk,manual\nc@brightleaf.co.uk,hard bounce\n";
    expect(await said(rows, { name: "suppression list.csv" })).toEqual([
      ...withdrawn,
      "email withdrawn undated",
      ...undeliverable,
    ]);
    expect(await said(rows)).toEqual([...withdrawn, ...undeliverable]);
  });

  it("suppresses an address that bounced for good, and none that bounced for now", async () => {
    const rows = (...cells: string[]) =>
      `email,Status\n${cells.map((cell, n) => `${n}@brightleaf.co.uk,${cell}\n`).join("")}`;
    expect(await said(rows("cleaned", "soft bounce"))).toEqual([...undeliverable, "email denied undated"]);
  });

  it("counts a yes that is known by its day from the day's end, and holds it for no newer than its beginning", async () => {
    const rows =
      "email,Email marketing consent,Consent date\na@brightleaf.co.uk,yes,2026-11-02\nb@brightleaf.co.uk,yes,2026-11-02 08:15\n";
    const found = recordsOf(await read(rows)).filter((record) => record.kind === "consent");
    expect(found.map(({ effectiveAt, countsFrom }) => [effectiveAt, countsFrom])).toEqual([
      ["2026-11-02T00:00:00.000Z", "2026-11-02T23:59:59.999Z"],
      ["2026-11-02T08:15:00.000Z", undefined],
    ]);
  });

  it("turns a column around even where the admin says it is a yes", async () => {
    const file = "email,Newsletter abbestellt\na@brightleaf.co.uk,ja\n";
    expect(await said(file, { overrides: ["consent_email=Newsletter abbestellt"] })).toEqual([
      "email withdrawn undated",
    ]);
    expect(await said(file, { overrides: ["opt_out="] })).toEqual(["email withdrawn undated"]);
  });

  it("takes the admin's word for a column whose name says nothing", async () => {
    const file = "email,Flag 7\na@brightleaf.co.uk,yes\nb@brightleaf.co.uk,no\n";
    expect(await said(file)).toEqual([]);
    expect(await said(file, { overrides: ["consent_email=Flag 7"] })).toEqual([
      "email granted undated",
      "email denied undated",
    ]);
    expect(await said(file, { overrides: ["opt_out=Flag 7"] })).toEqual(withdrawn);
  });

  it("uses every opt-out column, each for its channel and by its own date", async () => {
    const rows = await said(
      "email,phone,Accepts marketing,Consent date,Do Not Call,Unsubscribed at,SMS_BLACKLISTED\n" +
        "a@brightleaf.co.uk,07400 100200,yes,2023-01-05 10:00,TRUE,2025-06-07 08:09:10,1\n",
      { timeZone: "UTC" },
    );
    expect(rows).toEqual([
      "email granted 2023-01-05T10:00:00.000Z",
      "call withdrawn 2025-06-07T08:09:10.000Z",
      "email withdrawn 2025-06-07T08:09:10.000Z",
      "any withdrawn 2025-06-07T08:09:10.000Z",
      "sms withdrawn 2025-06-07T08:09:10.000Z",
    ]);
  });

  it("never dates a no by the day of the yes it ended, nor by the record's creation or change", async () => {
    expect(await said("email,Consent date,Unsubscribed\na@brightleaf.co.uk,2023-01-05,yes\n")).toEqual(withdrawn);
    expect(
      await said(
        "email,OPTIN_TIME,Status\na@brightleaf.co.uk,2023-01-05 10:00:00,unsubscribed\nb@brightleaf.co.uk,2023-01-05 10:00:00,subscribed\n",
      ),
    ).toEqual(["email withdrawn undated", "email granted 2023-01-05T10:00:00.000Z"]);
    expect(
      await said("email,created at,last modified,newsletter\na@brightleaf.co.uk,2020-03-01,2024-03-01,no\n"),
    ).toEqual(["email denied undated"]);
    expect(await said("email,created at,newsletter\na@brightleaf.co.uk,2020-03-01,yes\n")).toEqual([
      "email granted undated",
    ]);
  });

  it.each([
    ["Europe/London", "02/11/2026", "unsubscribed", "email withdrawn 2026-11-02T23:59:59.999Z"],
    ["Europe/Berlin", "2026-07-01", "no", "email denied 2026-07-01T21:59:59.999Z"],
    ["Europe/Berlin", "2026-07-01", "yes", "email granted 2026-06-30T22:00:00.000Z"],
    ["Europe/Berlin", "2026-10-25", "no", "email denied 2026-10-25T22:59:59.999Z"],
    ["America/New_York", "20260309", "no", "email denied 2026-03-10T03:59:59.999Z"],
    ["Asia/Kolkata", "2026-07-01 00:00:00", "no", "email denied 2026-07-01T18:29:59.999Z"],
    ["Europe/Berlin", "2026-07-01T00:00:00Z", "no", "email denied 2026-07-01T23:59:59.999Z"],
    ["Europe/Berlin", "2026-07-01T10:15:00+09:00", "no", "email denied 2026-07-01T01:15:00.000Z"],
    ["Europe/Berlin", "2026-07-01 10:15:30", "no", "email denied 2026-07-01T08:15:30.000Z"],
    ["Europe/Berlin", "spring", "no", "email denied undated"],
  ])("in %s a %s makes a %s %s", async (timeZone, date, word, expected) => {
    expect(await said(`email,newsletter,consent date\na@brightleaf.co.uk,${word},${date}\n`, { timeZone })).toEqual([
      expected,
    ]);
  });

  it("keeps every statement of one person, each with an id of its own, and equal ones once", async () => {
    const pages = await read(
      "id,email,newsletter,consent date,consent source\n7,a@brightleaf.co.uk,unsubscribed,2026-11-01,\n7,a@brightleaf.co.uk,yes,2024-01-01,form\n7,a@brightleaf.co.uk,yes,2024-01-01,form\n",
    );
    const consents = recordsOf(pages).filter((record) => record.kind === "consent");
    expect(consents.map(({ state }) => state)).toEqual(["withdrawn", "granted", "granted"]);
    expect(new Set(consents.map(({ id }) => id)).size).toBe(2);
    for (const { id } of consents) expect(id.length).toBeLessThan(255);
  });

  it("shows a word it does not know, keeps the row and suspends the yes; a stop in other words is a stop", async () => {
    const pages = await read(
      "email,newsletter\na@brightleaf.co.uk,vielleicht\nb@brightleaf.co.uk,STOP - do not contact\nc@brightleaf.co.uk,ring 0171 555 first\n",
    );
    expect(recordsOf(pages).filter((record) => record.kind === "person")).toHaveLength(3);
    expect(
      recordsOf(pages).flatMap((record) =>
        record.kind === "consent" ? [`${record.state} ${record.effectiveAt}`] : [],
      ),
    ).toEqual(["unknown null", "withdrawn null", "unknown null"]);
    expect(rejectsOf(pages).map(({ reason }) => reason)).toEqual([
      'Kept without consent: Column "newsletter" says "vielleicht", which is neither yes nor no; an earlier yes is suspended.',
      'Kept: Column "newsletter" says "STOP - do not contact", which was read as withdrawn.',
      'Kept without consent: Column "newsletter" says something, which is neither yes nor no; an earlier yes is suspended.',
    ]);
  });

  it("takes a cross for a yes only where the other values leave no doubt", async () => {
    const column = (...cells: string[]) =>
      said(`email,newsletter\n${cells.map((cell, n) => `p${n}@brightleaf.co.uk,${cell}`).join("\n")}\n`);
    expect(await column("x", "", "X")).toEqual(["email granted undated", "email granted undated"]);
    expect(await column("x", "no")).toEqual(["email granted undated", "email denied undated"]);
    expect(await column("✓", "x")).toEqual(["email granted undated", "email denied undated"]);
    expect(await column("yes", "no", "x")).toEqual([
      "email granted undated",
      "email denied undated",
      "email unknown undated",
    ]);
    expect(await column("✗", "")).toEqual(["email denied undated"]);
    expect(await said("email,Unsubscribed\na@brightleaf.co.uk,x\nb@brightleaf.co.uk,\n")).toEqual(withdrawn);
    expect(await said("email,Unsubscribed\na@brightleaf.co.uk,✗\nb@brightleaf.co.uk,✓\n")).toEqual(withdrawn);
  });

  it("reads a status by a list's own words: an active account has said nothing", async () => {
    expect(
      await said(
        "email,status\na@brightleaf.co.uk,unsubscribed\nb@brightleaf.co.uk,active\nc@brightleaf.co.uk,removed\nd@brightleaf.co.uk,subscribed\n",
      ),
    ).toEqual(["email withdrawn undated", "email withdrawn undated", "email granted undated"]);
    expect(await said("email,status\na@brightleaf.co.uk,active\nb@brightleaf.co.uk,closed\n")).toEqual([]);
    expect(await said("email,Marketing contact status\na@brightleaf.co.uk,Marketing contact\n")).toEqual([]);
  });

  it("finds opt-outs in columns of any name", async () => {
    expect(
      await said(
        'email,Tags,Lead Status\na@brightleaf.co.uk,"VIP, unsubscribed",New\nb@brightleaf.co.uk,VIP,Do not contact\n',
      ),
    ).toEqual([...withdrawn, ...withdrawn]);
  });

  it("takes no yes from a name that does not say to what, and asks", async () => {
    const file = "email,GDPR consent,Partner marketing consent\na@brightleaf.co.uk,yes,yes\n";
    expect(await said(file)).toEqual([]);
    const remarks = await withFolder(async (folder) => {
      const { file: path } = await fileOf(join(folder, "a.csv"), file, { kind: "people" });
      return (await guessFile(path, LONDON)).remarks;
    });
    expect(remarks.join(" ")).toContain(
      'Column "GDPR consent" may hold consent, but its name does not say to what: it is not used. Say consent_email=GDPR consent',
    );
  });

  it("believes a file's name only where it says that all in it have left, and no column says otherwise", async () => {
    const rows = "email,first name\na@brightleaf.co.uk,Ann\n";
    expect(await said(rows, { name: "unsubscribed_members_export.csv" })).toEqual(["email withdrawn undated"]);
    expect(await said(rows, { name: "Abgemeldete Kontakte.csv" })).toEqual(["email withdrawn undated"]);
    expect(await said(rows, { name: "suppression-list.csv.txt" })).toEqual(["email withdrawn undated"]);
    expect(await said(rows, { name: "customers_cleaned.csv" })).toEqual([]);
    expect(await said(rows, { name: "all-without-unsubscribed.csv" })).toEqual([]);
    expect(await said(rows, { name: "subscribed_members.csv" })).toEqual([]);
    expect(await said("email,LEID\na@brightleaf.co.uk,9\n", { name: "cleaned_members_export.csv" })).toEqual(
      undeliverable,
    );
    expect(await said("email,Unsubscribed\na@brightleaf.co.uk,no\n", { name: "unsubscribed.csv" })).toEqual([]);
    expect(
      await said("email,UNSUB_TIME\na@brightleaf.co.uk,2025-09-01 10:00:00\n", {
        name: "unsubscribed.csv",
        timeZone: "UTC",
      }),
    ).toEqual(["email withdrawn 2025-09-01T10:00:00.000Z"]);
  });

  it("reads a later export by the earlier one's columns, and its new opt-out column too", async () => {
    const { readAs } = await import("../overrides.ts");
    const { csvFileOf } = await import("../guess.ts");
    await withFolder(async (folder) => {
      const first = await fileOf(join(folder, "a.csv"), "email,newsletter\na@brightleaf.co.uk,yes\n", {
        kind: "people",
      });
      const second = await fileOf(join(folder, "b.csv"), "email,newsletter,Opted out\na@brightleaf.co.uk,yes,yes\n", {
        kind: "people",
      });
      const guess = readAs(applyOverrides(await guessFile(second.file, { ...LONDON, kind: "people" }), []), first);
      const states = recordsOf(await readAll([await csvFileOf(second.file, guess)], "people")).flatMap((record) =>
        record.kind === "consent" ? [record.state] : [],
      );
      expect(states).toContain("withdrawn");
    });
  });

  it("uses a plain opt-out in sales too, but no yes, and no word about the goods", async () => {
    const inSales = (header: string, cell: string) =>
      withFolder(async (folder) => {
        const content = `Order ID,Order Date,Email,Order Total,${header}\n1,2026-03-01,a@brightleaf.co.uk,10.00,${cell}\n2,2026-03-02,b@brightleaf.co.uk,10.00,\n`;
        const file = await fileOf(join(folder, "sales.csv"), content);
        return recordsOf(await readAll([file], "orders")).flatMap((record) =>
          record.kind === "consent" ? [`${record.person.stream} ${record.channel} ${record.state}`] : [],
        );
      });
    expect(await inSales("Unsubscribed", "yes")).toEqual(["orders email withdrawn", "orders any withdrawn"]);
    expect(await inSales("Email Opt-Out", "TRUE")).toEqual(["orders email withdrawn"]);
    expect(await inSales("Accepts Marketing", "yes")).toEqual([]);
    expect(await inSales("Unsubscribed", "no")).toEqual([]);
    expect(await inSales("Widerruf", "ja")).toEqual([]);
    expect(await inSales("Complaint", "yes")).toEqual([]);
    expect(await inSales("Cancelled", "yes")).toEqual([]);
  });

  it("takes an event of leaving for the withdrawal it is, at its moment", async () => {
    const found = await withFolder(async (folder) => {
      const content =
        "when,email,event\n2025-01-01T10:00:00Z,a@brightleaf.co.uk,Unsubscribed from Email Marketing\n2025-01-02T10:00:00Z,b@brightleaf.co.uk,Opened Email\n2025-01-03T10:00:00Z,c@brightleaf.co.uk,Subscribed to List\n";
      const file = await fileOf(join(folder, "events.csv"), content, { kind: "touchpoints", overrides: ["at=when"] });
      return recordsOf(await readAll([file], "touchpoints"));
    });
    const consents = found.filter((record) => record.kind === "consent");
    expect(consents.map(({ state, effectiveAt, address }) => [state, effectiveAt, address])).toEqual([
      ["withdrawn", "2025-01-01T10:00:00.000Z", "a@brightleaf.co.uk"],
    ]);
    expect(found.filter((record) => record.kind === "touchpoint")).toHaveLength(3);
  });

  it("gives no yes to whom it cannot reach", async () => {
    expect(await said("name,newsletter,sms opt in\nAnn Lee,yes,yes\n")).toEqual([]);
  });

  const headers = [
    "Not subscribed",
    "Newsletter unsubscribed",
    "Consent withdrawn",
    "Opt-out newsletter",
    "No marketing",
    "Newsletter abgemeldet",
    "Pas de newsletter",
    "Consenso revocato",
    "Baja boletín",
    "Geen nieuwsbrief",
    "Sem newsletter",
    "Not unsubscribed",
    "Opt-out declined",
    "Do not email",
  ];
  const cells = [
    "yes",
    "no",
    "✓",
    "✗",
    "x",
    "1",
    "0",
    "subscribed",
    "granted",
    "opted in",
    "accepted",
    "active",
    "2024-01-01",
    "ja",
    "oui",
    "perhaps",
    "pending",
    "allow",
    "true",
    "on",
  ];

  it("never makes a granted of anything under a negating name", async () => {
    const columns = fc.array(fc.tuple(fc.constantFrom(...headers), fc.constantFrom(...cells)), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(columns, async (given) => {
        const names = given.map(([header], at) =>
          given.findIndex(([other]) => other === header) === at ? header : `${header} ${at}`,
        );
        const rows = await said(
          `email,${names.join(",")}\na@brightleaf.co.uk,${given.map(([, cell]) => cell).join(",")}\n`,
        );
        expect(rows.filter((row) => row.includes("granted"))).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });
});
