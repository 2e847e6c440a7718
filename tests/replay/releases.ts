/** Which releases there are, and where what was recorded of each is kept. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const HISTORIES = new URL("./histories/", import.meta.url);

/** Hash over the recorded files of each release: added with the release, never changed. */
export const SEALS: Readonly<Record<string, string>> = {
  "0.1.0": "7972afc497ac6c49a3985940060f693ae85ef75ac4bc1eeef4ae807a6047e2a4",
};

export const folderOf = (version: string) => fileURLToPath(new URL(`${version}/`, HISTORIES));

/** The versions that CHANGELOG.md has a heading for. */
export function releasedVersions(changelog = readText("../../CHANGELOG.md")): string[] {
  return [...changelog.matchAll(/^## (\d+\.\d+\.\d+)\b/gm)].map(([, version]) => version ?? "");
}

/** With a folder of histories, released or about to be. */
export const recordedVersions = () => readdirSync(HISTORIES).toSorted();

export function sealOf(version: string): string {
  const hash = createHash("sha256");
  for (const file of readdirSync(folderOf(version)).toSorted())
    hash.update(`${file}\n`).update(readFileSync(`${folderOf(version)}${file}`));
  return hash.digest("hex");
}

/** @throws where these histories belong to a release, or to none */
export function refuseReleased(version: string): void {
  if (!/^\d+\.\d+\.\d+$/.test(version))
    throw new Error("Which release is this for? `node tests/replay/record.ts 0.2.0`, the version to come.");
  if (releasedVersions().includes(version) || version in SEALS)
    throw new Error(`${version} is released: what it recorded is never recorded again. Name the version to come.`);
}

function readText(relative: string): string {
  return readFileSync(new URL(relative, import.meta.url), "utf8");
}
