/** The documents against what they speak of: links, variables, dependencies, numbers of decisions. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { z } from "zod";
import { connectors } from "#connectors/registry.ts";
import { DOCUMENT } from "#stack/new-connector/scaffold.ts";
import { rowOf } from "#stack/new-connector/lists.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const documents = globSync(["*.md", "docs/**/*.md", "connectors/**/*.md"], { cwd: root });

/** As GitHub names headings. */
const anchorsOf = (text: string) =>
  [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function deadLinks(document: string): string[] {
  const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = "", anchor] = link.split("#");
    const target = path === "" ? document : join(dirname(document), path);
    if (!existsSync(join(root, target))) return true;
    return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
  });
}

it("have no link that leads nowhere", () => {
  expect(documents.length).toBeGreaterThan(15);
  expect(documents.flatMap((document) => deadLinks(document).map((link) => `${document}: ${link}`))).toEqual([]);
});

it("give every decision a number of its own and a page at most", () => {
  const decisions = globSync("docs/decisions/*.md", { cwd: root });
  const numbers = decisions.map((path) => /(\d{3})-[a-z-]+\.md$/.exec(path)?.[1]);
  expect(new Set(numbers).size).toBe(decisions.length);
  expect(numbers).not.toContain(undefined);
  for (const path of decisions) {
    expect(read(path), path).toMatch(new RegExp(`^# ${/\d{3}/.exec(path)?.[0]} `));
    expect(read(path).split(/\s+/).length, `${path}, in words`).toBeLessThan(650);
  }
});

it("explain every environment variable that config.ts reads", () => {
  const variables = [...read("config.ts").matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name = ""]) => name);
  expect(variables).toContain("TRIBUTARY_MISSING_SHARE");
  expect(variables.filter((name) => !read("docs/operating.md").includes(`\`${name}\``))).toEqual([]);
});

it("give every runtime dependency its reason", () => {
  const packages = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(JSON.parse(read("package.json")));
  // `@temporalio/client`, `worker`, `workflow`: the scope stands once.
  const named = (name: string, text: string) =>
    text.includes(`\`${name}\``) || text.includes(`\`${name.replace("@temporalio/", "")}\``);
  const reasons = read("docs/dependencies.md");
  expect(Object.keys(packages.dependencies).filter((name) => !named(name, reasons))).toEqual([]);
});

it("say of every connector how it is connected, what it reads and what it writes", () => {
  const plain = (row: string) => row.replaceAll(/\s+/g, " ").trim();
  const rows = read(DOCUMENT)
    .split("\n")
    .filter((line) => line.startsWith("| ["))
    .map(plain);
  expect(rows.toSorted()).toEqual(connectors.map((connector) => plain(rowOf(connector))).toSorted());
});
