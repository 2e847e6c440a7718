import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keepProgram } from "./keep-program.ts";
import { keptProgram, recordOf, type ProgramPlace } from "./kept-program.ts";

/** Says where it stands, what it was given and what it loads late. */
const PROGRAM = `
  import { given } from "#room/given.ts";
  import { LIMIT } from "#room/limit.ts";
  const late: string = (await import("./late.ts")).late;
  class Same { name = this.constructor.name }
  console.log([import.meta.url, given, LIMIT, late, new Same().name].join("\\n"));
`;
const PACKED_AT = new Date("2026-01-02T03:04:05Z");
let place: ProgramPlace;
beforeEach(async () => {
  const root = mkdtempSync(join(tmpdir(), "tributary-kept-"));
  place = { root, entry: "cli/program.ts", folder: join(root, "node_modules", ".cache", "cli") };
  write("package.json", JSON.stringify({ type: "module", imports: { "#room/*": "./room/*" } }));
  write("package-lock.json", "{}");
  write("cli/program.ts", PROGRAM);
  write("cli/late.ts", 'export const late: string = "late";');
  write(
    "room/given.ts",
    'class Same { name = this.constructor.name }\nexport const given: string = new Same().name + " 1";',
  );
  // Of which nothing is left but its value.
  write("room/limit.ts", "export const LIMIT = 1_000;");
  await keepProgram(place);
});
afterEach(() => rmSync(place.root, { recursive: true, force: true }));

/** As an unpacked archive has it: each file as old as its archive says, whatever stands in it. */
function write(name: string, text: string): void {
  const file = join(place.root, name);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  utimesSync(file, PACKED_AT, PACKED_AT);
}

const run = (program: string | null) =>
  execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", fileURLToPath(program ?? "file:///none")], {
    encoding: "utf8",
  });
const source = () => new URL(place.entry, `file://${place.root}/`).href;

it("says what its sources say, which it does not need: each stands where it stood, under its own name", () => {
  const said = run(keptProgram(place));
  expect(said).toBe(run(source()));
  expect(said.trim().split("\n")).toEqual([source(), "Same 1", "1000", "late", "Same"]);
  rmSync(join(place.root, "node_modules", ".cache", "cli", "kept.json"));
  expect(keptProgram(place)).toBeNull();
});

it.each(["cli/program.ts", "cli/late.ts", "room/given.ts", "room/limit.ts", "package-lock.json"])(
  "is not taken once %s is another one, be it as long and as old, and is then made anew",
  async (name) => {
    const before = keptProgram(place);
    write(
      name,
      readFileSync(join(place.root, name), "utf8").replace("1", "2").replace("{}", "[]").replace('"late"', '"soon"'),
    );
    expect(keptProgram(place)).toBeNull();
    await keepProgram(place);
    expect(run(keptProgram(place))).toBe(run(source()));
    expect(keptProgram(place)).not.toBe(before);
  },
);

it("is not taken when the folder has moved or a source is gone, or when what was kept is damaged or gone", () => {
  const elsewhere = `${place.root}-moved`;
  renameSync(place.root, elsewhere);
  expect(keptProgram({ ...place, root: elsewhere, folder: place.folder.replace(place.root, elsewhere) })).toBeNull();
  renameSync(elsewhere, place.root);
  expect(keptProgram(place)).not.toBeNull();

  const record = readFileSync(recordOf(place), "utf8");
  for (const damaged of ["", record.slice(0, -2), "null", "[]", "{}"]) {
    writeFileSync(recordOf(place), damaged);
    expect(keptProgram(place)).toBeNull();
  }
  writeFileSync(recordOf(place), record);
  expect(keptProgram(place)).not.toBeNull();
  const [kept = ""] = readdirSync(place.folder).filter((name) => name !== "kept.json");
  renameSync(join(place.folder, kept), join(place.folder, "away"));
  expect(keptProgram(place)).toBeNull();
  renameSync(join(place.folder, "away"), join(place.folder, kept));
  expect(keptProgram(place)).not.toBeNull();
  rmSync(join(place.root, "cli", "late.ts"));
  expect(keptProgram(place)).toBeNull();
});

it("stays for commands that run while it is made anew, and not for ever", async () => {
  for (let time = 0; time < 7; time++) {
    write("room/given.ts", `export const given: string = "${time}";`);
    await keepProgram(place);
    const programs = readdirSync(place.folder).filter((name) => name !== "kept.json");
    expect(programs).toHaveLength(Math.min(time + 2, 6));
  }
});
