/** Who names a vendor outside its own folder: nobody may, so that another connector changes nothing else. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connector } from "./core/contract.ts";

/** Where a vendor may be named: its own folder, the two lists, the demo shop, and what measures and tests. */
const ALLOWED =
  /^connectors\/(?!core\/)[^/]+\/|^connectors\/(?:registry|twins)\.ts$|^stack\/demo-shop\/|^(?:tests|bench)\/|\.test\.ts$/;
const ELSEWHERE = /(^|\/)(?:node_modules|generated|\.[^/]+)\//;

/**
 * @param vendors names count in whatever case, also inside other words
 * @returns files that name one of them and must not, beneath the root; `looked` counts those that were read
 */
export function filesNaming(
  root: string,
  vendors: readonly Pick<Connector, "id" | "title">[],
): { naming: string[]; looked: number } {
  const names = new RegExp(
    vendors.flatMap(({ id, title }) => [id, title].map((name) => name.replaceAll(/[^\p{L}\d ]/gu, "\\$&"))).join("|"),
    "i",
  );
  const files = globSync("**/*.{ts,mjs,js}", { cwd: root, exclude: (path) => path === "node_modules" }).filter(
    (file) => !ELSEWHERE.test(file) && !ALLOWED.test(file),
  );
  return { naming: files.filter((file) => names.test(readFileSync(join(root, file), "utf8"))), looked: files.length };
}
