/** Two connectors scaffolded into a copy, which has of the project what a connector needs. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { signInsOf } from "#connectors/core/auth.ts";
import { openForContract, peopleOf, readToEnd } from "#connectors/core/contract-suite/index.ts";
import type { Connector } from "#connectors/core/contract.ts";
import { authorizeUrl, exchanged, refreshed } from "#connectors/core/oauth/protocol.ts";
import { LOCAL_CLIENT } from "#connectors/core/oauth/sign-in.ts";
import { filesNaming } from "#connectors/naming.ts";
import { namesOf } from "./names.ts";
import { scaffold } from "./scaffold.ts";

const ROOT = join(import.meta.dirname, "../..");
const COPIED = [".oxfmtrc.json", ".oxlintrc.json", "package.json", "tsconfig.json", "docs/connectors.md"];

const copy = mkdtempSync(join(tmpdir(), "tributary-scaffold-"));
afterAll(() => rmSync(copy, { recursive: true }));
for (const folder of ["connectors", "docs"]) mkdirSync(join(copy, folder));
for (const file of COPIED) cpSync(join(ROOT, file), join(copy, file));
symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
for (const entry of readdirSync(join(ROOT, "connectors"), { withFileTypes: true }))
  // What is only read stays where it is, and is what the other tests have loaded already.
  if (entry.isDirectory() && entry.name !== "acme")
    symlinkSync(join(ROOT, "connectors", entry.name), join(copy, "connectors", entry.name));
  else cpSync(join(ROOT, "connectors", entry.name), join(copy, "connectors", entry.name), { recursive: true });

const signedIn = await scaffold(copy, namesOf("open-till", "Öpen Till"), "oauth");
const keyed = await scaffold(copy, namesOf("izzet"), "key");

const run = (program: string, ...args: string[]): string => {
  try {
    return execFileSync(process.execPath, [join(ROOT, "node_modules", program), ...args], {
      cwd: copy,
      encoding: "utf8",
    });
  } catch (error) {
    return String((error as { stdout: unknown }).stdout);
  }
};
const read = (path: string) => readFileSync(join(copy, path), "utf8");

// The contract suite and its own tests, of one with two words in its name and with the other way to authenticate than the template's.
for (const path of signedIn.filter((file) => file.endsWith(".test.ts"))) await import(join(copy, path));

describe("a scaffolded connector", () => {
  it("has the types right, in its folder and in the lists", () => {
    const include = [...signedIn, ...keyed].filter((path) => path.endsWith(".ts"));
    writeFileSync(join(copy, "tsconfig.copy.json"), JSON.stringify({ extends: "./tsconfig.json", include }));
    expect(run("typescript/bin/tsc", "--project", "tsconfig.copy.json")).toBe("");
  });

  it("is formatted and free of what lint finds", () => {
    expect(run("oxfmt/bin/oxfmt", "--check", ...new Set([...signedIn, ...keyed]))).toContain("All matched files use");
    expect(run("oxlint/bin/oxlint", "--deny-warnings", "connectors/open-till", "connectors/izzet")).toContain(
      "Found 0 warnings and 0 errors",
    );
  });

  it("is in the registry, among the twins and in the documents", async () => {
    const { connectors } = (await import(join(copy, "connectors/registry.ts"))) as { connectors: readonly Connector[] };
    const { twins } = (await import(join(copy, "connectors/twins.ts"))) as { twins: readonly { id: string }[] };
    const ids = ["open-till", "izzet"];
    expect(connectors.map(({ id }) => id).slice(-3)).toEqual([...ids, "csv"]);
    expect(twins.map(({ id }) => id).slice(-2)).toEqual(ids);
    expect(read("docs/connectors.md")).toMatch(
      /\| \[Öpen Till\]\(\.\.\/connectors\/open-till\/README\.md\) +\| a sign-in +\| people, orders/,
    );
    expect(read("docs/connectors.md")).toMatch(
      /\| \[Izzet\].*\| `IZZET_API_KEY` +\| people, orders +\| fields of people/,
    );
  });

  it("signs people in at its own twin, refreshes, and reads with what they granted", async () => {
    const { openTill } = (await import(join(copy, "connectors/open-till/index.ts"))) as { openTill: Connector };
    const { twinOf } = (await import(join(copy, "connectors/twins.ts"))) as Pick<
      typeof import("#connectors/twins.ts"),
      "twinOf"
    >;
    const twin = await twinOf("open-till").start({ people: 3, requestsPerSecond: 1_000 });
    try {
      const [way] = signInsOf(openTill.auth);
      if (way === undefined) throw new Error("It has no way to sign in.");
      const party = { title: openTill.title, way, app: LOCAL_CLIENT, baseUrl: twin.url, now: Date.now };
      const request = {
        redirectUri: "http://localhost:4080/connect/callback",
        state: "s".repeat(43),
        verifier: "v".repeat(43),
      };
      const asked = new URL(await authorizeUrl(party, request));
      const [optional] = way.scopes.optional;
      const decision = new URLSearchParams(asked.search);
      for (const [name, value] of [
        ["account", "acc_1"],
        ["decision", "allow"],
      ] as const)
        decision.set(name, value);
      const answer = await fetch(asked.origin + asked.pathname, { method: "POST", body: decision, redirect: "manual" });
      const { search } = new URL(answer.headers.get("location") ?? "");
      const { tokens, scopes } = await exchanged(party, { ...request, query: search.slice(1) });
      expect(scopes).toContain(optional?.name);
      const later = await refreshed(party, tokens);
      const credentials = way.credentials({ ...later.tokens });
      const connection = openForContract(openTill, { settings: {}, credentials, baseUrl: twin.url });
      expect(await connection.check()).toMatchObject({ account: "acc_1", mode: "test" });
      expect(peopleOf((await readToEnd(connection, "people")).pages).size).toBe(3);
      expect(
        openTill.auth.kind === "sign-in" &&
          openTill.auth.secretPatterns.some((one) => new RegExp(one).test(later.tokens.accessToken)),
        "logs hide its tokens",
      ).toBe(true);
    } finally {
      await twin.close();
    }
  });

  it("keeps nothing of the template's name, and the articles before its own", () => {
    const texts = [...signedIn, ...keyed].filter((path) => /open-till|izzet/.test(path)).map(read);
    expect(texts.filter((text) => /acme/i.test(text))).toEqual([]);
    expect(read("connectors/open-till/README.md")).toMatch(/^# Öpen Till\n\n## Access/);
    expect(read("connectors/izzet/contract-account.ts")).toContain("/** An Izzet account");
    expect(keyed).not.toContain("connectors/izzet/sign-in.ts");
    expect(signedIn.filter((path) => path.includes("oauth"))).toEqual([]);
    expect(signedIn).toContain("connectors/open-till/sign-in.ts");
  });
});

describe("a name", () => {
  it.each([
    ["Square", "cannot be a connector's id"],
    ["9square", "cannot be a connector's id"],
    ["square--pos", "cannot be a connector's id"],
    ["../core", "cannot be a connector's id"],
    ["", "cannot be a connector's id"],
    ["delete", "is a word of the language"],
    ["await", "is a word of the language"],
  ])("%j is refused with what one looks like", (id, why) => {
    expect(() => namesOf(id)).toThrow(why);
  });

  it.each(['a"b', "a`b", "$1", "", "two\nlines"])("title %j is refused", (title) => {
    expect(() => namesOf("square", title)).toThrow("cannot be a title");
  });

  it.each([
    ["core", "is there already"],
    ["registry", "is there already"],
    ["acme", "is there already"],
    ["izzet", "is there already"],
    ["people", "means something else"],
    ["connectors", "means something else"],
  ])("%s that is taken is refused before anything is written", async (id, why) => {
    const before = read("connectors/registry.ts");
    await expect(scaffold(copy, namesOf(id), "key")).rejects.toThrow(why);
    expect(read("connectors/registry.ts")).toBe(before);
  });

  it("of a real tool is none that the help itself uses as an example", () => {
    for (const [id, title] of [
      ["close-crm", "Close CRM"],
      ["acme-crm", "Acme CRM"],
    ] as const)
      expect(filesNaming(ROOT, [{ id, title }]).naming, id).toEqual([]);
  });

  it("that other files have as a word is refused with one that they have not", async () => {
    await expect(scaffold(ROOT, namesOf("drop"), "key")).rejects.toThrow('drop-crm --title "Drop CRM"');
  });
});
