import { createWriteStream } from "node:fs";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { issueGrant } from "../core/grant.ts";
import { exportProfiles, type ExportRow } from "./export.ts";
import { csv } from "./index.ts";
import { cleanCell } from "./words.ts";
import { writeRejectFile } from "./reject-file.ts";
import { fileOf, readAll, recordsOf, rejectsOf, withFolder } from "./testing.ts";

const open = (files: unknown[]) =>
  csv.open({
    settings: { files },
    credentials: {},
    baseUrl: "",
    now: () => 0,
    call: (_b, _o, send) => send(new AbortController().signal),
  });

describe("a connection's files", () => {
  it("reads a file once per content, and a newer export of the same source under the same ids", async () => {
    await withFolder(async (folder) => {
      const may = await fileOf(join(folder, "may.csv"), "id,email\n1,a@brightleaf.co.uk\n2,b@brightleaf.co.uk\n");
      const first = await readAll([may], "people");
      const cursor = first.at(-1)?.next;
      const again = await readAll([may], "people", cursor);
      expect(again).toMatchObject([{ rawCount: 0, atEnd: true, next: cursor }]);
      const june = await fileOf(join(folder, "june.csv"), "id,email\n2,b2@brightleaf.co.uk\n3,c@brightleaf.co.uk\n");
      const second = await readAll([may, june], "people", cursor);
      expect(recordsOf(second).map((record) => record.id)).toEqual(["2", "3"]);
      expect(second.at(-1)?.atEnd).toBe(true);
      // The June file takes May's place, and May is no longer on the disk.
      await rm(may.file);
      expect(recordsOf(await readAll([june], "people", cursor))).toHaveLength(2);
      expect(recordsOf(await readAll([may, june], "people", second.at(-1)?.next))).toEqual([]);
    });
  });

  it("reads each stream from the files of its kind, and says the file beside the line where there are several", async () => {
    await withFolder(async (folder) => {
      const people = await fileOf(join(folder, "members.csv"), "id,email\n1,a@brightleaf.co.uk\n,\n");
      const orders = await fileOf(join(folder, "sales.csv"), "order id,date,total,customer id\n9,2024-01-01,5,1\n");
      const files = [people, orders];
      expect(recordsOf(await readAll(files, "people")).map((record) => record.kind)).toEqual(["person"]);
      expect(recordsOf(await readAll(files, "orders")).map((record) => record.kind)).toEqual(["person", "order"]);
      expect(await readAll(files, "touchpoints")).toMatchObject([{ rawCount: 0, atEnd: true }]);
      expect(rejectsOf(await readAll(files, "people"))[0]?.ref).toBe("line 3 of members.csv");
    });
  });

  it("turns events into touchpoints in our words", async () => {
    await withFolder(async (folder) => {
      const file = await fileOf(
        join(folder, "events.csv"),
        "when,email,event,campaign\n2024-01-01T10:00:00Z,a@brightleaf.co.uk,Opened Email,Spring\n2024-01-01T10:00:00Z,,Zoom Webinar 2,\n2024-01-01,,!!!,\n",
        {
          kind: "touchpoints",
          overrides: ["at=when"],
        },
      );
      const pages = await readAll([file], "touchpoints");
      const touchpoints = recordsOf(pages).filter((record) => record.kind === "touchpoint");
      expect(touchpoints.map(({ type, campaign, person }) => [type, campaign, person !== null])).toEqual([
        ["email_opened", "Spring", true],
        ["zoom_webinar", null, false],
      ]);
      expect(rejectsOf(pages)[0]?.reason).toBe('Column "event" does not say what happened.');
    });
  });

  it("says plainly when a file is gone, changed, damaged or lacks a column", async () => {
    await withFolder(async (folder) => {
      const file = await fileOf(join(folder, "p.csv"), "id,email\n1,a@brightleaf.co.uk\n");
      const broken = { ...file, mapping: { ...file.mapping, phone: ["Mobile"] } };
      await expect(readAll([broken], "people")).rejects.toMatchObject({
        kind: "contract",
        message: 'The file p.csv has no column "Mobile" for phone.',
      });
      await writeFile(file.file, "id,email\n2,b@brightleaf.co.uk\n");
      await expect(readAll([file], "people")).rejects.toMatchObject({
        message: "The file p.csv is not the one that was imported; import it again.",
      });
      await rm(file.file);
      await expect(readAll([file], "people")).rejects.toMatchObject({
        kind: "contract",
        message: "The file p.csv is no longer where it was imported from.",
      });
      await expect(open([file]).check()).rejects.toMatchObject({ kind: "contract" });
      await expect(
        fileOf(join(folder, "cut.csv.gz"), Buffer.from("1f8b0800000000000003", "hex")),
      ).rejects.toMatchObject({ message: "The archive cut.csv.gz is damaged or incomplete." });
    });
  });

  it("reads an empty file as no rows", async () => {
    await withFolder(async (folder) => {
      const file = await fileOf(join(folder, "empty.csv"), "id,email\n");
      const empty = await fileOf(join(folder, "nothing.csv"), "");
      expect(await readAll([{ ...file }, { ...empty, kind: "people" }], "people")).toMatchObject([
        { rawCount: 0, atEnd: false },
        { rawCount: 0, atEnd: true },
      ]);
    });
  });
});

describe("a stream with nothing new", () => {
  it("is known from settings and position alone", async () => {
    await withFolder(async (folder) => {
      const people = await fileOf(join(folder, "p.csv"), "email\nada@brightleaf.co.uk\n");
      const settings = { files: [people] };
      expect(csv.isIdle("orders", settings, null)).toBe(true);
      expect(csv.isIdle("people", settings, null)).toBe(false);
      const next = (await readAll([people], "people")).at(-1)?.next;
      expect(csv.isIdle("people", settings, next)).toBe(true);
      const newer = await fileOf(join(folder, "q.csv"), "email\nbo@brightleaf.co.uk\n");
      expect(csv.isIdle("people", { files: [people, newer] }, next)).toBe(false);
    });
  });
});

describe("files we write", () => {
  it("neutralises what a spreadsheet would run in rejects, and reads it back as it was", async () => {
    await withFolder(async (folder) => {
      const raw = { "=name": "=cmd|calc", note: "+1", left: " @x", wide: "\uff1dA1", fine: "a=b" };
      const path = join(folder, "rejects.csv");
      await writeRejectFile(path, [{ ref: "line 2", reason: "The row is blank.", raw }]);
      expect(await readFile(path, "utf8")).toBe(
        "line,reason,'=name,note,left,wide,fine\n2,The row is blank.,'=cmd|calc,'+1,' @x,'\uff1dA1,a=b\n",
      );
      expect(["'=cmd|calc", "'+1", "' @x", "'\uff1dA1"].map(cleanCell)).toEqual(["=cmd|calc", "+1", " @x", "\uff1dA1"]);
    });
  });

  it("writes rejects with line, reason and the row as it came, ready to be mended", async () => {
    await withFolder(async (folder) => {
      const file = await fileOf(
        join(folder, "o.csv"),
        'order id,date,total\n1,soon,"5,50"\n2,2024-01-01\n3,2024-01-01,7\n',
      );
      const path = join(folder, "rejects.csv");
      expect(await writeRejectFile(path, rejectsOf(await readAll([file], "orders")))).toBe(2);
      expect(await readFile(path, "utf8")).toBe(
        'line,reason,order id,date,total\n2,"Column ""date"" is not a date.",1,soon,"5,50"\n3,The row has 2 cells where the header has 3.,2,2024-01-01,\n',
      );
      expect((await stat(path)).mode & 0o077).toBe(0);
    });
  });

  const row: ExportRow = {
    profileId: "p1",
    contact: {
      grant: issueGrant({ profileId: "p1", uses: [], entryIds: [], rulesVersion: "t", decidedAt: "2026-01-01" }),
      firstName: "=HYPERLINK(1)",
      lastName: 'O"Neil, Jr',
      company: null,
      country: "GB",
      emails: ["a@brightleaf.co.uk", "b@brightleaf.co.uk"],
      phones: ["+447700900001"],
    },
    consents: { "email marketing": "granted" },
    traits: {
      churn_risk: { value: -0.5, reasons: ["Quiet for long.", "Was weekly."] },
      next_best_action: { value: null, reasons: ["Too little is known."] },
    },
  };
  const columns = { consents: ["email marketing", "sms marketing"], traits: ["churn_risk", "next_best_action"] };

  it("exports profiles so that no cell runs as a formula and numbers stay numbers", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "out.csv");
      expect(await exportProfiles([row], createWriteStream(path), { ...columns, byteOrderMark: true })).toBe(1);
      expect(await readFile(path, "utf8")).toBe(
        "\ufeffprofile_id,first_name,last_name,company,country,email,other_emails,phone,other_phones,consent_email_marketing,consent_sms_marketing,churn_risk,churn_risk_reasons,next_best_action,next_best_action_reasons\n" +
          'p1,\'=HYPERLINK(1),"O""Neil, Jr",,GB,a@brightleaf.co.uk,b@brightleaf.co.uk,\'+447700900001,,granted,unknown,-0.5,Quiet for long. Was weekly.,,Too little is known.\n',
      );
    });
  });

  it("leaves out whatever a person could be known by where the ledger gave no word", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "out.csv");
      await exportProfiles([{ ...row, contact: null }], createWriteStream(path), columns);
      expect((await readFile(path, "utf8")).split("\n")[1]).toMatch(/^p1,,,,,,,,,granted,unknown,/);
    });
  });

  it("reads its own export back with the phone number whole", async () => {
    await withFolder(async (folder) => {
      const path = join(folder, "out.csv");
      await exportProfiles([row], createWriteStream(path), columns);
      const file = await fileOf(join(folder, "in.csv"), await readFile(path), {
        kind: "people",
        overrides: ["id=profile_id", "first_name=first_name"],
      });
      const [person] = recordsOf(await readAll([file], "people"));
      expect(person).toMatchObject({ id: "p1", firstName: "=HYPERLINK(1)", phones: ["+447700900001"] });
    });
  });
});
