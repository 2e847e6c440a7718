import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { keepCommandLine } from "./keep-program.ts";

/** Says at the end which files were loaded. */
const LISTEN = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  process.once("exit", () => process.stderr.write(JSON.stringify(loaded)));
`)}`;

async function loadedBy(program: string): Promise<string[]> {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--import", LISTEN, file, "--help"]);
  expect(stdout).toContain("Exit codes");
  return JSON.parse(stderr) as string[];
}

it("a command that asks no tool for anything loads no vendor's package: any of them is hundreds of files", async () => {
  const loaded = await loadedBy("./program.ts");
  expect(loaded).toContainEqual(expect.stringMatching(/\/connectors\/registry\.ts$/));
  // With some room: 800 when this was written, and from the sources half of a short command's time is loading them.
  expect(loaded.length).toBeLessThan(1_000);
  // Node's own `fetch` comes along with it.
  expect(loaded).not.toContain("node:http");
  expect(loaded).not.toContainEqual(expect.stringContaining("@prisma"));
});

it("and put together it is few files, most of them of packages", async () => {
  await keepCommandLine();
  const loaded = await loadedBy("./main.ts");
  expect(loaded).not.toContainEqual(expect.stringMatching(/\/connectors\/registry\.ts$/));
  expect(loaded.length).toBeLessThan(200);
});
