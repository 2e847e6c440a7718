import type { OpenConnection, RecordPage, RecordWrite, WriteContext, WriteResult } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Access } from "./sign-ins.ts";

/**
 * A connection that goes on when its access token ends: a client is made anew with the next one, and reading goes on from the
 * last page. A token that is refused before its time is refreshed once.
 *
 * @param access answers what is good now; `refused`: the version that was not let in
 * @param now milliseconds since the epoch
 */
export function renewingConnection(
  first: Access,
  access: (refused?: number) => Promise<Access>,
  open: (credentials: unknown) => OpenConnection,
  now: () => number,
): OpenConnection {
  let current = { access: first, connection: open(first.credentials) };

  async function fresh(refused?: number): Promise<typeof current> {
    if (refused === undefined && now() < current.access.goodUntil) return current;
    // A call beside this one was refused as well, and has seen to it.
    if (refused !== undefined && refused !== current.access.version) return current;
    const next = await access(refused);
    if (next.version !== current.access.version) current = { access: next, connection: open(next.credentials) };
    return current;
  }

  async function once<T>(work: (connection: OpenConnection) => Promise<T>): Promise<T> {
    const used = await fresh();
    try {
      return await work(used.connection);
    } catch (error) {
      if (!isRefused(error)) throw error;
      return work((await fresh(used.access.version)).connection);
    }
  }

  async function write(writes: RecordWrite[], context?: WriteContext): Promise<WriteResult[]> {
    let isOrdered = false;
    const watched = context && {
      ...context,
      begun: async (job: string, ids: readonly string[]) => {
        isOrdered = true;
        await context.begun(job, ids);
      },
    };
    const used = await fresh();
    try {
      return await used.connection.write(writes, watched);
    } catch (error) {
      if (!isRefused(error)) throw error;
      const { connection } = await fresh(used.access.version);
      if (!isOrdered) return connection.write(writes, watched);
      // The vendor does it already: whoever comes next asks for the job's outcome and does not order the same again.
      throw new ConnectorError(
        "transient",
        "The access token ended while the tool was writing; the outcome is asked for.",
      );
    }
  }

  async function* read(stream: string, cursor: unknown): AsyncGenerator<RecordPage> {
    let at = cursor;
    let used = await fresh();
    let pages = used.connection.read(stream, at);
    let refused: number | null = null;
    const goOnWith = async (next: typeof current) => {
      await pages.return(undefined);
      used = next;
      pages = used.connection.read(stream, at);
    };
    try {
      for (;;) {
        let page: IteratorResult<RecordPage>;
        try {
          page = await pages.next();
        } catch (error) {
          // Twice in a row is the vendor's last word.
          if (!isRefused(error) || refused !== null) throw error;
          refused = used.access.version;
          await goOnWith(await fresh(refused));
          continue;
        }
        refused = null;
        if (page.done === true) return;
        yield page.value;
        // Read on from there, an ended read would begin the next one.
        if (page.value.atEnd) return;
        at = page.value.next;
        const next = await fresh();
        if (next !== used) await goOnWith(next);
      }
    } finally {
      await pages.return(undefined);
    }
  }

  return {
    read,
    check: () => once((connection) => connection.check()),
    find: (stream, news) => once((connection) => connection.find(stream, news)),
    count: (stream) => once((connection) => connection.count(stream)),
    units: (stream, cursor) => once((connection) => connection.units(stream, cursor)),
    ensureFields: (fields) => once((connection) => connection.ensureFields(fields)),
    describeField: (name) => once((connection) => connection.describeField(name)),
    readLive: (records, fields) => once((connection) => connection.readLive(records, fields)),
    ensureAudience: (audience) => once((connection) => connection.ensureAudience(audience)),
    // Ordered once more they are who they were: an audience is a set.
    addMembers: (audience, members, context) => once((connection) => connection.addMembers(audience, members, context)),
    removeMembers: (audience, members, context) =>
      once((connection) => connection.removeMembers(audience, members, context)),
    write,
  };
}

const isRefused = (error: unknown): boolean => error instanceof ConnectorError && error.kind === "auth";
