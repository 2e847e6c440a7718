/** The lists that a connector stands in. */
import type { Connector } from "#connectors/core/contract.ts";
import { signInsOf } from "#connectors/core/auth.ts";
import type { ConnectorNames } from "./names.ts";

/** `connectors/registry.ts` with one more. */
export function registryWith(source: string, { id, constant }: ConnectorNames): string {
  const listed = edited(
    source,
    /(connectors: readonly Connector\[\] = \[)([^\]]*?)(, csv)?\]/,
    (_, head, names, csv = "") => {
      return `${head}${names}, ${constant}${csv}]`;
    },
  );
  return withImports(listed, [[id, `import { ${constant} } from "./${id}/index.ts";`]]);
}

/** `connectors/twins.ts` with one more. */
export function twinsWith(source: string, { id, type, variable }: ConnectorNames): string {
  const constant = `DEMO_${variable}_TOKEN`;
  const entry = `  {
    id: "${id}",
    credentials: { token: ${constant} },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await start${type}Twin({ ...options, token: ${constant} });
      twin.load(invented${type}(people));
      return twin;
    },
  },
`;
  const listed = edited(source, /\n\];\n/, () => `\n${entry}];\n`);
  const named = edited(listed, /(\nconst DEMO_[^\n]*\n)(?!const DEMO_)/, (_, last) => {
    return `${last}const ${constant} = "demo-${id}-token";\n`;
  });
  return withImports(named, [
    [id, `import { invented${type} } from "./${id}/fixtures.ts";`],
    [id, `import { start${type}Twin } from "./${id}/twin/index.ts";`],
  ]);
}

/** Its row of the table in `docs/connectors.md`. */
export function rowOf(connector: Connector): string {
  const { id, title, auth, streams, writeBack, audiences, webhooks } = connector;
  const keys = auth.kind === "token" ? auth.fields.map(({ env }) => `\`${env}\``).join(" with ") : "";
  const ways = [keys, signInsOf(auth).length > 0 ? "a sign-in" : "", auth.kind === "none" ? "files" : ""];
  const writes = [
    writeBack === undefined ? "" : `fields of ${writeBack.stream}`,
    audiences === undefined ? "" : "audiences",
  ];
  const cells = [
    `[${title}](../connectors/${id}/README.md)`,
    ways.filter((way) => way !== "").join(", or "),
    Object.keys(streams).join(", "),
    writes.filter((what) => what !== "").join(", ") || "nothing",
    webhooks === undefined ? "no" : "yes",
  ];
  return `| ${cells.join(" | ")} |`;
}

export const documentWith = (source: string, row: string): string => `${source.trimEnd()}\n${row}\n`;

function edited(source: string, place: RegExp, by: (...found: string[]) => string): string {
  if (!place.test(source)) throw new Error(`A list no longer has the form that is known here (${place.source}).`);
  return source.replace(place, by);
}

/** Each import before the first one of a folder that comes later in the alphabet, or behind the last. */
function withImports(source: string, imports: [id: string, line: string][]): string {
  const lines = source.split("\n");
  for (const [id, line] of imports) {
    const folders = lines.map((text) => /from "\.\/(?!core\/)([^/]+)\//.exec(text)?.[1]);
    const later = folders.findIndex((folder) => folder !== undefined && folder > id);
    const last = folders.findLastIndex((folder) => folder !== undefined);
    lines.splice(later === -1 ? last + 1 : later, 0, line);
  }
  return lines.join("\n");
}
