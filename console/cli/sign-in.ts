/** Signing in from the command line: a link that the person opens in a browser, and waiting for how it ends. */
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { credentialsFrom } from "#connectors/core/auth.ts";
import { isLoopback } from "#connectors/core/loopback.ts";
import { clientOf, clientVariables, type SignIn } from "#connectors/core/oauth/sign-in.ts";
import type { Connector } from "#connectors/core/contract.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { Connected } from "../connections.ts";
import { beginSignIn, endingOf, givenBefore, waysOf } from "../sign-in.ts";
import { actor } from "./actor.ts";
import type { Context } from "./context.ts";
import { readAsked } from "./credentials-input.ts";
import { CommandFailure } from "./failure.ts";
import { note } from "./output.ts";

export interface SignInOptions {
  name?: string;
  tokenFile?: string;
  baseUrl?: string;
  requestsPerSecond?: number;
  settings?: Record<string, unknown>;
  /** Sign in, whatever else could be done. */
  signIn?: boolean;
  /** Ask for a key, whatever else could be done. */
  key?: boolean;
  way?: string;
  /** False: the link is printed only. */
  open?: boolean;
}

const LOOK_EVERY_MS = 1_000;
const CONSOLE_PATIENCE_MS = 5_000;

/**
 * How the person is going to sign in; null: credentials are asked for, or given.
 *
 * @throws CommandFailure saying what to set, where signing in was asked for and cannot be
 */
export async function wayToSignIn(
  { config }: Pick<Context, "config">,
  connector: Connector,
  options: SignInOptions,
  baseUrl: string | null,
): Promise<SignIn | null> {
  const { auth, title } = connector;
  const mayAsk = auth.kind === "token";
  if (options.signIn !== true && mayAsk) {
    const isGiven =
      options.tokenFile !== undefined || options.key === true || credentialsFrom(auth, process.env) !== null;
    if (isGiven || auth.signIns === undefined || !process.stdin.isTTY) return null;
  }
  const ways = waysOf(connector, options.way);
  const ready = await firstSetUp(ways, baseUrl, config.http.origin, connector.id);
  if (ready instanceof CommandFailure) {
    if (!mayAsk || options.signIn === true) throw ready;
    note(`${ready.message} Until then it takes a key:`);
    return null;
  }
  if (ready !== null) return ready;
  const variables = ways.map((way) => `${clientVariables(way).join(" and ")} (${way.app})`).join(", or ");
  const todo = `To sign in at ${title}, set ${variables} for workers and console; docs/operating.md says where they come from.`;
  if (!mayAsk || options.signIn === true) throw new CommandFailure(todo);
  note(`${todo} Until then it takes a key:`);
  return null;
}

const said = z.array(z.object({ connector: z.string(), way: z.string(), isSetUp: z.boolean() }));

async function firstSetUp(
  ways: readonly SignIn[],
  baseUrl: string | null,
  origin: string,
  connector: string,
): Promise<SignIn | CommandFailure | null> {
  const answer = await fetch(`${origin}/api/sign-ins`, {
    redirect: "manual",
    signal: AbortSignal.timeout(CONSOLE_PATIENCE_MS),
  }).catch(() => null);
  if (answer === null)
    return new CommandFailure(
      `The console does not answer at ${origin}, and that is where the tool sends people back to: start it with \`npm start\` or \`npm run console\`, or correct TRIBUTARY_PUBLIC_URL or PORT.`,
    );
  const ours = ways.find((way) => clientOf(way, baseUrl, process.env) !== null);
  if (ours !== undefined) return ours;
  const known = said.safeParse(await answer.json().catch(() => null)).data;
  // A proxy with a sign-in of its own is before it: the page will say what is missing.
  if (known === undefined) return ways[0] ?? null;
  return (
    ways.find(({ id }) => known.some((each) => each.connector === connector && each.way === id && each.isSetUp)) ?? null
  );
}

/** Waits until the person has decided. @throws CommandFailure with the reason when nothing was connected */
export async function signInByBrowser(
  { stores, workspace, config }: Context,
  what: { connector: Connector; way: SignIn; of?: Connection; options: SignInOptions },
): Promise<Connected & { renewed: boolean }> {
  const { connector, way, of, options } = what;
  const { name, baseUrl, requestsPerSecond, settings } = options;
  const { origin } = config.http;
  const { workspaceId } = workspace;
  const given = await readAsked(connector, way, of === undefined ? {} : await givenBefore(stores, of, way));
  const { signInId, ticket, expiresAt } = await beginSignIn(
    stores,
    workspaceId,
    {
      ...{ connector, way, given, origin },
      ...(of === undefined ? {} : { of }),
      ...(of !== undefined || name === undefined ? {} : { name }),
      ...(baseUrl === undefined ? {} : { baseUrl }),
      ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
      ...(settings === undefined ? {} : { settings }),
    },
    actor(),
  );
  const link = `${origin}/connect/${ticket}`;
  note(
    `To sign in at ${connector.title}, open this link in your browser. It is for you alone, and good for half an hour:\n\n  ${link}\n`,
  );
  if (options.open !== false && process.stdin.isTTY && isLoopback(new URL(origin).hostname)) openBrowser(link);
  note("Waiting for the answer; Ctrl-C stops waiting.");
  for (;;) {
    const attempt = await stores.signInAttempts.get(workspaceId, signInId);
    const ending = attempt === null ? null : endingOf(attempt);
    if (ending?.outcome === "refused") throw new CommandFailure(ending.why);
    if (ending !== null) {
      const { account, lacking, renewed, withheld } = ending;
      const missing = withheld.map(
        ({ name: scope, purpose }) => `It was not granted ${scope}, which would let us ${purpose}.`,
      );
      for (const sentence of missing) note(sentence);
      const connection = await stores.connections.get(workspaceId, ending.connectionId as Connection["connectionId"]);
      return { connection, connector, identity: { account, title: ending.title }, lacking, renewed };
    }
    if (expiresAt.getTime() < Date.now())
      throw new CommandFailure(
        `Nobody signed in within half an hour: \`tributary connect ${connector.id}\` begins again.`,
      );
    await sleep(LOOK_EVERY_MS);
  }
}

/** Where there is none the printed link does. */
function openBrowser(link: string): void {
  const [program, ...args] =
    process.platform === "darwin"
      ? ["open", link]
      : process.platform === "win32"
        ? ["rundll32", "url.dll,FileProtocolHandler", link]
        : ["xdg-open", link];
  spawn(program ?? "", args, { stdio: "ignore", detached: true })
    .on("error", () => undefined)
    .unref();
}
