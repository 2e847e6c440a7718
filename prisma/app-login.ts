/** How the application's role comes to a password, and when nobody may give it one. */
import { createHmac } from "node:crypto";
import { Client } from "pg";
import { codeOf, quoteRole } from "./app-role.ts";

/** The same server and database, as the application's role. */
export function derivedAppUrl(ownerUrl: string, role: string): string {
  const url = new URL(ownerUrl);
  // Derived, so that every process finds the same password without storing a second secret.
  const derived = createHmac("sha256", decodeURIComponent(url.password)).update(role).digest("base64url");
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(derived);
  return url.href;
}

/** The role behind a URL: a pooler may know it by a longer user name, so whoever gets in is asked. */
export async function roleThatLogsIn(url: string): Promise<string> {
  const user = decodeURIComponent(new URL(url).username);
  const answer = await knock(url);
  return "role" in answer ? answer.role : user;
}

interface AppLogin {
  role: string;
  url: string;
  /** The operator named this URL; else its password is derived. */
  chosen: boolean;
}

/**
 * Sets the role's password where it does not work yet. One that works is left alone: roles belong to the whole server,
 * and two databases migrated at once would otherwise collide on the same catalogue row.
 *
 * @throws Error when the role is another installation's, may not be changed, or cannot log in all the same
 */
export async function letAppLogIn(owner: Client, { role, url, chosen }: AppLogin): Promise<void> {
  const password = decodeURIComponent(new URL(url).password);
  const answer = await knock(url);
  if ("role" in answer) return await claim(owner, role);
  if (!answer.refused) throw new Error(`The role ${role} could not be tried at ${placeOf(url)}: ${answer.reason}.`);
  if (password === "") {
    throw new Error(`The role ${role} cannot log in, and DATABASE_URL holds no password to give it.`);
  }
  await refuseOthersRole(owner, role, chosen);
  try {
    await owner.query(`ALTER ROLE ${quoteRole(role)} LOGIN PASSWORD ${owner.escapeLiteral(password)}`);
  } catch (error) {
    if (codeOf(error) === "42501") {
      throw new Error(
        `The owner may not set the password of the role ${role}: have an administrator run ` +
          `ALTER ROLE ${quoteRole(role)} LOGIN PASSWORD '...' with the password in DATABASE_URL, then run this again.`,
        { cause: error },
      );
    }
    // Two migrations of one server at once: the other may have set the same.
    if (codeOf(error) !== "XX000") throw error;
  }
  const after = await knock(url);
  if (!("role" in after)) {
    throw new Error(
      `The role ${role} cannot log in at ${placeOf(url)} (${after.reason}); check the server's pg_hba.conf.`,
    );
  }
  await claim(owner, role);
}

/** Whose password it is stands in the role's comment, the one place that every database of the server can read. */
const CLAIM = /^Tributary's application role for database "(.+)"$/;

interface Claim {
  /** The role may log in, so somebody has given it a password. */
  login: boolean;
  /** This database. */
  here: string;
  /** The database named in the comment, where it still exists. */
  holder: string | null;
  /** An operator wrote a comment that is not ours. */
  foreign: boolean;
}

async function readClaim(owner: Client, role: string): Promise<Claim> {
  const { rows } = await owner.query<{ login: boolean; comment: string | null; here: string; databases: string[] }>(
    `SELECT rolcanlogin AS login, shobj_description(oid, 'pg_authid') AS comment, current_database() AS here,
       ARRAY(SELECT datname::text FROM pg_database) AS databases
     FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  const [found] = rows;
  if (found === undefined) throw new Error(`The role ${role} is gone: run this again.`);
  const { login, comment, here, databases } = found;
  const named = CLAIM.exec(comment ?? "")?.[1];
  const holder = named !== undefined && databases.includes(named) ? named : null;
  return { login, here, holder, foreign: comment !== null && named === undefined };
}

async function refuseOthersRole(owner: Client, role: string, chosen: boolean): Promise<void> {
  const { login, here, holder } = await readClaim(owner, role);
  if (!login) return;
  if (holder !== null && holder !== here) {
    throw new Error(
      `The role ${role} and its password belong to the Tributary in database ${holder} of this server and were left alone: ` +
        "put another user into DATABASE_URL, and that role is made for this database.",
    );
  }
  if (chosen) return;
  throw new Error(
    `The role ${role} has a password that was not derived from the owner's, and it was left alone: set DATABASE_URL to that ` +
      `role's URL and DATABASE_OWNER_URL to the owner's. To have it replaced, run ALTER ROLE ${quoteRole(role)} NOLOGIN first.`,
  );
}

async function claim(owner: Client, role: string): Promise<void> {
  const { here, holder, foreign } = await readClaim(owner, role);
  if (holder !== null || foreign) return;
  try {
    const comment = owner.escapeLiteral(`Tributary's application role for database "${here}"`);
    await owner.query(`COMMENT ON ROLE ${quoteRole(role)} IS ${comment}`);
  } catch (error) {
    // An administrator made the role, who alone may comment on it; or another migration does so this instant.
    if (codeOf(error) !== "42501" && codeOf(error) !== "XX000") throw error;
  }
}

type Answer = { role: string } | { refused: boolean; reason: string };

async function knock(url: string): Promise<Answer> {
  const probe = new Client({ connectionString: url, application_name: "tributary-migrate" });
  probe.on("error", () => undefined);
  try {
    await probe.connect();
    const { rows } = await probe.query<{ role: string }>("SELECT current_user AS role");
    return { role: rows[0]?.role ?? "" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { refused: isRefusal(codeOf(error), reason), reason };
  } finally {
    await probe.end().catch(() => undefined);
  }
}

/** Anything else, as a host that does not answer, says nothing about the role. */
function isRefusal(code: unknown, message: string): boolean {
  if (code === "28P01" || code === "28000") return true;
  // The driver itself, asked for a password that the URL does not hold.
  if (message.includes("client password must be a string")) return true;
  // A pooler repeats what the server said, under a code of its own.
  return code === "08P01" && /password authentication failed|is not permitted to log in/.test(message);
}

function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || "5432"}`;
}
