/** The template, a connector's folder that is compiled and tested here, under the names of another. */
import type { ConnectorNames } from "./names.ts";

export const TEMPLATE = "acme";

export type AuthStyle = "key" | "oauth";

/** The file as the copy has it; null: it is left out. One that ends in `.oauth.ts` takes the place of its namesake. */
export function copiedName(file: string, auth: AuthStyle, files: readonly string[]): string | null {
  if (auth === "key") return file.endsWith(".oauth.ts") || file === "sign-in.ts" ? null : file;
  if (file.endsWith(".ts") && files.includes(file.replace(/\.ts$/, ".oauth.ts"))) return null;
  return file.replace(/\.oauth\.ts$/, ".ts");
}

/** In this order: where one fits, those behind it are not asked. */
const SPELLINGS: [RegExp, (names: ConnectorNames) => string][] = [
  [/ACME/g, ({ variable }) => variable],
  [/\b([Aa])n (?=Acme\b)/g, ({ title }) => (/^[aeiou]/i.test(title) ? "$1n " : "$1 ")],
  [/(?<=\w)Acme|Acme(?=\w)/g, ({ type }) => type],
  [/Acme/g, ({ title }) => title],
  [/acme(?=_)/g, ({ snake }) => snake],
  [/(?<=(?:const|import \{|connector:) )acme\b/g, ({ constant }) => constant],
  [/acme/g, ({ id }) => id],
];

/** @param path beneath the folder */
export function copiedText(path: string, text: string, names: ConnectorNames): string {
  return SPELLINGS.reduce(
    (copied, [found, spell]) => copied.replaceAll(found, spell(names)),
    path === "README.md" ? withoutPreface(text) : text,
  );
}

/** What is true of the template alone, between the README's title and the mark. */
function withoutPreface(readme: string): string {
  const [title = ""] = readme.split("\n");
  return `${title}\n${readme.slice(readme.indexOf("-->") + "-->".length)}`;
}
