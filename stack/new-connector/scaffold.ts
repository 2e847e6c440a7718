/** Writes the folder and the lists, formatted as everything here is. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Connector } from "#connectors/core/contract.ts";
import { filesNaming } from "#connectors/naming.ts";
import { documentWith, registryWith, rowOf, twinsWith } from "./lists.ts";
import type { ConnectorNames } from "./names.ts";
import { copiedName, copiedText, TEMPLATE } from "./template.ts";
import type { AuthStyle } from "./template.ts";

const REGISTRY = "connectors/registry.ts";
const TWINS = "connectors/twins.ts";
export const DOCUMENT = "docs/connectors.md";

/**
 * @param root the project
 * @returns what was written or changed, beneath the root
 * @throws Error before anything is written, where the name is taken
 */
export async function scaffold(root: string, names: ConnectorNames, auth: AuthStyle): Promise<string[]> {
  const read = (path: string) => readFileSync(join(root, path), "utf8");
  const folder = `connectors/${names.id}`;
  refuseTaken(root, names);
  const template = readdirSync(join(root, "connectors", TEMPLATE), { recursive: true, encoding: "utf8" });
  const files = template.filter((file) => /\.(ts|md)$/.test(file)).toSorted();
  const written = new Map<string, string>();
  for (const file of files) {
    const name = copiedName(file, auth, files);
    if (name !== null)
      written.set(`${folder}/${name}`, copiedText(name, read(`connectors/${TEMPLATE}/${file}`), names));
  }
  written.set(REGISTRY, registryWith(read(REGISTRY), names));
  written.set(TWINS, twinsWith(read(TWINS), names));
  for (const [path, text] of written) write(root, path, text);
  const { [names.constant]: connector } = (await import(pathToFileURL(join(root, folder, "index.ts")).href)) as Record<
    string,
    Connector
  >;
  if (connector === undefined) throw new Error(`${folder}/index.ts exports no ${names.constant}.`);
  write(root, DOCUMENT, documentWith(read(DOCUMENT), rowOf(connector)));
  const changed = [...written.keys(), DOCUMENT];
  execFileSync(process.execPath, [join(root, "node_modules/oxfmt/bin/oxfmt"), ...changed], {
    cwd: root,
    stdio: "ignore",
  });
  return changed;
}

function write(root: string, path: string, text: string): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

function refuseTaken(root: string, { id, title, constant }: ConnectorNames): void {
  if (existsSync(join(root, "connectors", id)) || existsSync(join(root, "connectors", `${id}.ts`)))
    throw new Error(`connectors/${id} is there already; choose another id, or edit that one.`);
  // The files themselves use some names; a constant of one of these would be another thing.
  const sources = [`connectors/${TEMPLATE}/index.ts`, `connectors/${TEMPLATE}/contract.test.ts`, REGISTRY, TWINS];
  const used = sources.flatMap((path) => readFileSync(join(root, path), "utf8").match(/\b[a-z]\w*\b/gi) ?? []);
  if (used.includes(constant))
    throw new Error(`"${constant}" means something else in a connector's files; take another id, as "${id}-crm".`);
  const { naming } = filesNaming(root, [{ id, title }]);
  if (naming.length > 0)
    throw new Error(
      `No file outside its folder may name a tool, and ${naming[0]} has the word "${id}" or "${title}" ` +
        `(${naming.length} ${naming.length === 1 ? "file" : "files"} in all). ` +
        `Choose names that stand nowhere yet, as: ${id}-crm --title "${title} CRM".`,
    );
}
