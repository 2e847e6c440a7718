/** Secrets from a person: typed without echo, from a file or standard input, or from the environment. Never an argument. */
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { credentialsFrom, signInsOf } from "#connectors/core/auth.ts";
import type { CredentialField } from "#connectors/core/auth.ts";
import type { Connector } from "#connectors/core/contract.ts";
import type { SignIn } from "#connectors/core/oauth/sign-in.ts";
import { CommandFailure } from "./failure.ts";
import { note } from "./output.ts";

/** Longer than any vendor's token, shorter than a file given by mistake. */
const LONGEST = 16_384;

/**
 * What the connector's schema asks for.
 *
 * @param tokenFile a path, or `-` for standard input; goes before the environment, which goes before asking
 */
export async function readCredentials(
  { auth, title }: Connector,
  tokenFile: string | undefined,
): Promise<Record<string, string>> {
  const fields = auth.kind === "token" ? auth.fields : [];
  if (tokenFile !== undefined) return fromText(await contentOf(tokenFile), fields);
  const found = credentialsFrom(auth, process.env);
  if (found !== null) {
    note(`Using ${fields.map(({ env }) => env).join(" and ")} from the environment.`);
    return found;
  }
  if (!process.stdin.isTTY) {
    const names = fields.map(({ env }) => env).join(" and ");
    const other = signInsOf(auth).length > 0 ? ", or sign in with --sign-in" : "";
    throw new CommandFailure(
      `There is no terminal to type ${title}'s credentials in: give them with --token-file FILE (- for standard input) or in ${names}${other}.`,
      2,
    );
  }
  const typed: [string, string][] = [];
  for (const field of fields) typed.push([field.name, await ask(field, title)]);
  return Object.fromEntries(typed);
}

/**
 * What a sign-in does not bring, from the environment or typed; what is optional may be left empty.
 *
 * @param known goes before both
 */
export async function readAsked(
  { auth, title }: Connector,
  { asks = [] }: SignIn,
  known: Record<string, string>,
): Promise<Record<string, string>> {
  const given: [string, string][] = [];
  for (const { name, optional } of asks) {
    const field = auth.kind === "token" ? auth.fields.find((candidate) => candidate.name === name) : undefined;
    if (field === undefined) continue;
    const found = known[name] ?? process.env[field.env]?.trim() ?? "";
    if (found !== "") given.push([name, found]);
    else if (process.stdin.isTTY) given.push([name, await ask(field, title, optional)]);
    else if (optional !== true)
      throw new CommandFailure(`${title} needs its ${field.title} besides: give it in ${field.env}. ${field.where}`, 2);
  }
  return Object.fromEntries(given.filter(([, value]) => value !== ""));
}

/** One secret that is not among the tool's credentials. @param file a path, or `-` for standard input */
export async function readSecret(
  field: Pick<CredentialField, "title" | "where">,
  tool: string,
  file: string | undefined,
): Promise<string> {
  if (file !== undefined) return contentOf(file);
  if (process.stdin.isTTY) return ask({ ...field, secret: true }, tool);
  throw new CommandFailure(
    `There is no terminal to type it in: give it with --token-file FILE (- for standard input).`,
    2,
  );
}

async function contentOf(file: string): Promise<string> {
  const content = await (file === "-" ? text(process.stdin) : readFile(file, "utf8")).catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new CommandFailure(`The file ${file} cannot be read (${code}).`, code === "ENOENT" ? 3 : 1);
  });
  const said = content.replace(/^\u{feff}/u, "").trim();
  const where = file === "-" ? "Standard input" : `The file ${file}`;
  if (said === "") throw new CommandFailure(`${where} is empty: there are no credentials in it.`, 2);
  if (said.length > LONGEST) throw new CommandFailure(`${where} is too long to be credentials.`, 2);
  return said;
}

/** One field: the text itself. Several: a JSON object by name. */
function fromText(said: string, fields: readonly CredentialField[]): Record<string, string> {
  const [only, ...others] = fields;
  if (only !== undefined && others.length === 0 && !said.startsWith("{")) {
    if (/\s/.test(said))
      throw new CommandFailure("The credentials contain a space or several lines: give the token alone.", 2);
    return { [only.name]: said };
  }
  const names = fields.map(({ name }) => `"${name}"`).join(", ");
  try {
    return z.record(z.string(), z.string()).parse(JSON.parse(said));
  } catch {
    // The parser's own message could quote a secret.
    throw new CommandFailure(`The credentials must be a JSON object of strings with ${names}.`, 2);
  }
}

async function ask(
  { title, where, secret }: Pick<CredentialField, "title" | "where" | "secret">,
  tool: string,
  optional?: true,
): Promise<string> {
  note(optional === true ? `${where} Empty where there is only one.` : where);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const question = `${tool}: ${title}${secret ? " (not shown)" : ""}: `;
  if (secret) process.stderr.write(question);
  const prompt = createInterface({ input: process.stdin, output: secret ? silent : process.stderr, terminal: true });
  prompt.on("SIGINT", () => {
    prompt.close();
    process.stderr.write("\n");
    process.exit(130);
  });
  const answer = await prompt.question(secret ? "" : question);
  prompt.close();
  if (secret) process.stderr.write("\n");
  if (answer.trim() === "" && optional !== true)
    throw new CommandFailure("Nothing was typed, so nothing was changed.", 2);
  return answer.trim();
}
