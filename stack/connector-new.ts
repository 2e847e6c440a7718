/** `npm run connector:new`: a folder for a new tool, which passes the contract suite until it is edited into the real one. */
import { parseArgs } from "node:util";
import { reasonOf } from "./stack-error.ts";
import { namesOf } from "./new-connector/names.ts";
import { scaffold } from "./new-connector/scaffold.ts";

const HELP = `Usage: npm run connector:new -- ID [options]

Makes connectors/ID/, a whole connector with a twin for an API that does not exist, and lists it in
connectors/registry.ts, connectors/twins.ts and docs/connectors.md. It compiles and passes the contract suite;
then it is edited into the real tool: docs/add-a-connector.md says how.

ID: small letters, digits and hyphens, as in "my-tool"; it is kept with every connection and never changes.

  --title "NAME"   what people call the tool (default: made of the ID)
  --auth key       people make a key at the tool and hand it over (default)
  --auth oauth     people sign in at the tool
  --help           this text
`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      title: { type: "string" },
      auth: { type: "string", default: "key" },
      help: { type: "boolean", default: false },
    },
  });
  const [id, ...rest] = positionals;
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  if (id === undefined) throw new Error("Which tool? npm run connector:new -- ID; see --help.");
  if (rest.length > 0) throw new Error(`Only one ID is taken; "${rest.join(" ")}" is left over. See --help.`);
  const { auth } = values;
  if (auth !== "key" && auth !== "oauth") throw new Error(`--auth is "key" or "oauth", not "${auth}".`);
  const root = new URL("../", import.meta.url).pathname;
  const names = namesOf(id, values.title);
  const made = await scaffold(root, names, auth);
  process.stdout.write(`${made.map((path) => `  ${path}\n`).join("")}
${names.title} passes the contract suite as it is: npm test -- unit connectors/${id}
Its twin: npm run twin -- ${id} --port 4101
Next: connectors/${id}/twin/ becomes what the real API is, then client.ts, schema.ts and mapping.ts follow
(docs/add-a-connector.md).
`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
});
