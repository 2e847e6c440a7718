import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("./main.ts", import.meta.url));
/** Says at the end which files were loaded. */
const LISTEN = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from "node:module";
  const loaded = [];
  registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
  process.once("exit", () => process.stderr.write(JSON.stringify(loaded)));
`)}`;
/** With some room: 640 when this was written, and half of a short command's time is the loading of files. */
const FILES = 800;

it("a command that asks no tool for anything loads no vendor's package: any of them is hundreds of files", async () => {
  const { stderr } = await promisify(execFile)(process.execPath, ["--import", LISTEN, PROGRAM, "--help"]);
  const loaded = JSON.parse(stderr) as string[];
  expect(loaded).toContainEqual(expect.stringMatching(/\/connectors\/registry\.ts$/));
  expect(loaded.length).toBeLessThan(FILES);
});
