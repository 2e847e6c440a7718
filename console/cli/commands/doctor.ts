import { readStackState } from "#config.ts";
import type { Command } from "commander";
import { ConnectorError } from "#connectors/core/errors.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

interface Finding {
  check: string;
  ok: boolean;
  /** What was found, or what to do. */
  says: string;
}

export function doctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("check that everything is in place and say what to do where it is not")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async (context) => {
        const findings = [
          ...(await databaseFindings(context)),
          await temporalFinding(context),
          ...(await toolFindings(context)),
        ];
        print(options, findings, (rows) =>
          rows.map(({ check, ok, says }) => `${ok ? "ok  " : "FAIL"}  ${check}: ${says}`).join("\n"),
        );
        if (findings.some(({ ok }) => !ok)) throw new CommandFailure("Something needs attention.");
      }),
    );
}

async function databaseFindings({ stores }: Context): Promise<Finding[]> {
  const { version, role, bypassesRowSecurity, pending } = await stores.databaseHealth();
  return [
    { check: "database", ok: true, says: `Postgres ${version}` },
    {
      check: "row-level security",
      ok: !bypassesRowSecurity,
      says: bypassesRowSecurity
        ? `the role ${role} could read every workspace; use the role tributary_app in DATABASE_URL`
        : `the role ${role} is held to one workspace at a time`,
    },
    {
      check: "migrations",
      ok: pending.length === 0,
      says:
        pending.length === 0
          ? "all applied"
          : `not applied: ${pending.join(", ")}; run \`node prisma/migrate.ts\` as the owner`,
    },
  ];
}

async function temporalFinding(context: Context): Promise<Finding> {
  const { address } = context.config.temporal;
  try {
    const engine = await context.engine();
    const pollers = await engine.pollers();
    return {
      check: "workflow engine",
      ok: pollers > 0,
      says:
        pollers > 0
          ? `Temporal at ${address}, ${pollers} worker queue(s) polled`
          : `Temporal at ${address} has no worker: start one with \`npm start\``,
    };
  } catch {
    const started = readStackState(context.config.dataDir) === null ? " `npm start` starts one." : "";
    return { check: "workflow engine", ok: false, says: `no Temporal answers at ${address}.${started}` };
  }
}

async function toolFindings({ stores, workspace }: Context): Promise<Finding[]> {
  const connections = await stores.connections.listConnections(workspace.workspaceId);
  return Promise.all(
    connections.map(async ({ connector, name, connectionId }): Promise<Finding> => {
      const check = `${connector} "${name}"`;
      try {
        const opened = await openConnection(stores, workspace.workspaceId, connectionId, AbortSignal.timeout(20_000));
        const { title } = await opened.connection.check();
        return { check, ok: true, says: `answers as ${title}` };
      } catch (error) {
        if (error instanceof ConnectorError) return { check, ok: false, says: error.message };
        throw error;
      }
    }),
  );
}
