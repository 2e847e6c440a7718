/** A place for an installation as a managed server gives it: an empty database, its owner no superuser. */
import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { inject } from "vitest";

export interface Place {
  /** No superuser and without BYPASSRLS; may create roles and owns the database. */
  ownerUrl: string;
  owner: Client;
  /** Of a role that does not exist yet, with a password. */
  appUrl: string;
  appRole: string;
  database: string;
  /** Of the whole server; connected to this database. */
  superuser: Client;
  /** Another empty database of the same owner; `drop` removes it. */
  createDatabase(name: string): Promise<void>;
  /** Copies the database on the server itself, which ends every session in it; `drop` removes the copy. */
  copyTo(name: string): Promise<void>;
  drop(): Promise<void>;
}

export async function createPlace(): Promise<Place> {
  const name = `place_${process.pid}_${randomBytes(4).toString("hex")}`;
  const appRole = `${name}_app`;
  const server = new URL(inject("template").ownerUrl);
  const maker = await connect(withParts(server, { pathname: "/postgres" }));
  await maker.query(`CREATE ROLE ${name} LOGIN PASSWORD 'fern' CREATEROLE`);
  await maker.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`);
  const ownerUrl = withParts(server, { username: name, password: "fern", pathname: `/${name}` });
  const superuser = await connect(withParts(server, { pathname: `/${name}` }));
  const owner = await connect(ownerUrl);
  const copies: string[] = [];
  return {
    ownerUrl,
    owner,
    appUrl: withParts(server, { username: appRole, password: "moss", pathname: `/${name}` }),
    appRole,
    database: name,
    superuser,
    createDatabase: async (another) => {
      copies.push(another);
      await maker.query(`CREATE DATABASE ${another} OWNER ${name} TEMPLATE template0`);
    },
    copyTo: async (copy) => {
      copies.push(copy);
      await maker.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [name]);
      await maker.query(`CREATE DATABASE ${copy} OWNER ${name} TEMPLATE ${name}`);
    },
    drop: async () => {
      await Promise.all([owner, superuser].map((client) => client.end().catch(() => undefined)));
      for (const copy of copies) await maker.query(`DROP DATABASE ${copy} WITH (FORCE)`);
      await maker.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await maker.query(`DROP ROLE IF EXISTS ${appRole}`);
      await maker.query(`DROP OWNED BY ${name}`);
      await maker.query(`DROP ROLE ${name}`);
      await maker.end();
    },
  };
}

export async function connect(connectionString: string): Promise<Client> {
  const client = new Client({ connectionString });
  // A test that fails leaves it to the end of its database, which must not be an error of its own.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

/** The same URL with other parts. */
export function withParts(url: URL | string, parts: Partial<Pick<URL, "username" | "password" | "pathname">>): string {
  return Object.assign(new URL(url), parts).href;
}
