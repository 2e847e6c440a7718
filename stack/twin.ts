/** `npm run twin`: one vendor's twin, started by hand, filled with invented people. Runs until Ctrl-C. */
import { parseArgs } from "node:util";
import { z } from "zod";
import { environmentFor } from "#connectors/core/auth.ts";
import { connectorOf } from "#connectors/registry.ts";
import { twinOf, twins } from "#connectors/twins.ts";

const HELP = `Usage: npm run twin -- VENDOR [options]

Starts a stand-in for a vendor's API on 127.0.0.1, filled with invented people, and says what to connect with.
Vendors: ${twins.map(({ id }) => id).join(", ")}.

  --port N       port to listen on (default: any free one)
  --people N     how many people the account holds (default 50); the same people at every vendor
  --journal F    file that keeps what is written, so that a restart forgets nothing (default: memory only)
  --rps N        requests per second the account allows (default: the vendor's own limits)
  --help         this text
`;

const whole = z.coerce.number().int();
const optionsSchema = z.object({
  port: whole.min(0).max(65_535).default(0),
  people: whole.min(0).max(1_000_000).default(50),
  journal: z.string().min(1).optional(),
  rps: whole.min(1).optional(),
});

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      port: { type: "string" },
      people: { type: "string" },
      journal: { type: "string" },
      rps: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const [id] = positionals;
  if (values.help || id === undefined) {
    process.stdout.write(HELP);
    return;
  }
  const parsed = optionsSchema.safeParse(values);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`--${issue?.path.join(".") ?? "option"}: ${issue?.message ?? "not usable"}. See --help.`);
  }
  const { port, people, journal, rps } = parsed.data;
  const entry = twinOf(id);
  const twin = await entry.start({
    port,
    people,
    ...(journal === undefined ? {} : { journal }),
    ...(rps === undefined ? {} : { requestsPerSecond: rps }),
  });
  const credentials = Object.entries(entry.credentials).map(([name, value]) => `  ${name}: ${value}\n`);
  const { auth } = connectorOf(id);
  const variables = environmentFor(auth, entry.credentials).map((variable) => `${variable} `);
  const way = auth.kind === "sign-in" ? " --sign-in" : "";
  process.stdout.write(
    `The ${id} twin answers at ${twin.url} with ${people} people.\nIt accepts:\n${credentials.join("")}` +
      `To connect it, in another terminal:\n  ${variables.join("")}npx tributary connect ${id} --base-url ${twin.url}${way}\n`,
  );
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void twin.close());
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
