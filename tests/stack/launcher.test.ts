import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findProcess } from "#stack/process-identity.ts";

let project: string;
/** A project with our launchers and packages, whose command is the test's. */
beforeEach(() => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  project = mkdtempSync(join(tmpdir(), "tributary-launcher-"));
  mkdirSync(join(project, "stack"));
  cpSync(join(root, "stack", "bin"), join(project, "stack", "bin"), { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(root, name), join(project, name));
  symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

function launch(command: string, args: string[] = []) {
  writeFileSync(join(project, "stack", "start.ts"), command);
  return spawn(process.execPath, [join(project, "stack", "bin", "start.mjs"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
}

function launchUnderNpm(command: string) {
  writeFileSync(join(project, "stack", "start.ts"), command);
  return spawn("npm", ["start", "--silent"], { cwd: project, stdio: ["ignore", "pipe", "ignore"] });
}

describe("a launcher", () => {
  it("runs TypeScript on Node 24 or newer with the arguments it got, and without warnings", async () => {
    const child = launch(
      "const [major]: string[] = process.versions.node.split('.'); console.log(major, process.argv.slice(2).join());",
      ["--once", "x y"],
    );
    const errors = child.stderr.toArray();
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const [major, args] = [Number(String(line).split(" ")[0]), String(line).slice(3)];
    expect(major).toBeGreaterThanOrEqual(24);
    expect(args).toBe("--once,x y");
    expect(Buffer.concat(await errors).toString()).toBe("");
  });

  it("ends with the command's exit code", async () => {
    const [code] = await once(launch("process.exit(3);"), "exit");
    expect(code).toBe(3);
  });

  it("hands signals on and lets the command end in its own way", async () => {
    const child = launch(
      "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log('up');",
    );
    await once(createInterface({ input: child.stdout }), "line");
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    expect(code).toBe(7);
  });

  it("that is killed takes the command along", async () => {
    const child = launch(
      "process.on('disconnect', () => process.exit()); setInterval(() => {}, 1000); console.log(process.pid);",
    );
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const pid = Number(line);
    expect(findProcess(pid)).not.toBe(null);
    child.kill("SIGKILL");
    await expect.poll(() => findProcess(pid), { timeout: 120_000 }).toBe(null);
  });

  it("ends the command when npm is ended, which ends only the shell in between", async () => {
    const child = launchUnderNpm(
      "process.on('SIGTERM', () => process.exit()); setInterval(() => {}, 1000); console.log(process.pid);",
    );
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    const pid = Number(line);
    expect(findProcess(pid)).not.toBe(null);
    child.kill("SIGTERM");
    await expect.poll(() => findProcess(pid), { timeout: 120_000 }).toBe(null);
  });

  it.each([
    ["worker", "workflows/worker.ts"],
    ["console", "console/server/main.ts"],
    ["migrate", "stack/migrate.ts"],
  ])("has npm run %s start %s on Node 24 or newer", async (script, entry) => {
    mkdirSync(dirname(join(project, entry)), { recursive: true });
    writeFileSync(
      join(project, entry),
      "const [major]: string[] = process.versions.node.split('.'); console.log(major);",
    );
    const child = spawn("npm", ["run", "--silent", script], { cwd: project, stdio: ["ignore", "pipe", "ignore"] });
    const [line] = await once(createInterface({ input: child.stdout }), "line");
    expect(Number(line)).toBeGreaterThanOrEqual(24);
  });
});
