/**
 * What every command does first, on whatever Node >= 20 the machine has and without any package: installs what is
 * missing, finds Node 24, generates the Prisma client, then runs the command on Node 24.
 *
 * Plain JavaScript, because Node 20 cannot run TypeScript; only Node's own modules, because nothing else may be there.
 */
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { dirname, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureGenerated } from "./generate.mjs";
import { ensureInstalled } from "./install.mjs";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Runs a TypeScript file of the project with this process' arguments; ends this process with its exit code.
 *
 * @param {string} entry path of the file, relative to the project
 * @param {string[]} first arguments that come before this process' own
 */
export async function runOnNode24(entry, first = []) {
  try {
    await ensureInstalled(projectRoot);
    const node = findNode24();
    ensureGenerated(projectRoot, node);
    runAndExit(node, entry, [...first, ...process.argv.slice(2)]);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

/** The running Node when it is 24 or newer, else the one that npm installed as an optional dependency. */
function findNode24() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major >= 24) return process.execPath;
  const windows = process.platform === "win32";
  const packageName = `node-${windows ? "win" : process.platform}-${process.arch}`;
  const bundled = join(projectRoot, "node_modules", packageName, "bin", windows ? "node.exe" : "node");
  const { status, stdout } = spawnSync(bundled, ["--version"], { encoding: "utf8" });
  if (status === 0 && Number(/^v(\d+)/.exec(stdout)?.[1]) >= 24) return bundled;
  throw new Error(
    `Tributary needs Node 24 and found ${process.version}; there is no packaged one for ${process.platform}-${process.arch}: ` +
      "install Node 24 or newer from https://nodejs.org.",
  );
}

function runAndExit(node, entry, args) {
  const child = spawn(node, ["--disable-warning=ExperimentalWarning", join(projectRoot, entry), ...args], {
    // The channel lets the command notice when this process is killed, and then end what it started.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: {
      ...process.env,
      PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ""}`,
      // Here and in what it starts; see keep-compiled.ts.
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(projectRoot, "node_modules", ".cache", "tributary"),
    },
  });
  // Ctrl-C reaches the child from the terminal as well; it takes two signals in a row as one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  endWithNpm(() => child.kill("SIGTERM"));
  child.on("error", (error) => {
    process.stderr.write(`Node could not be started: ${error.message}\n`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
}

/**
 * npm runs a script by a shell, and ended by a signal it ends that shell, which hands nothing on. So under npm the death
 * of our parent means: end. (Started by hand, a parent may leave on purpose: `nohup`, `disown`.)
 */
function endWithNpm(end) {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    end();
  }, 500);
  timer.unref();
}
