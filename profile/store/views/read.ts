/** Small typed reads for people: the command line and the console. Everything hot is SQL in the other stores. */
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Prisma, PrismaClient } from "#prisma/generated/client.ts";
import type { Database } from "../database.ts";

export interface Overview {
  /** Live person records of all sources. */
  personRecords: number;
  profiles: number;
  /** Person records beyond the first of their profile: duplicates resolved. */
  duplicates: number;
  orders: number;
  consents: { channel: string; purpose: string; state: string; profiles: number }[];
  /** How the worded values (stage, band, action) of the traits are spread; null: the score abstained. */
  traits: { name: string; value: string | null; profiles: number }[];
  deliveries: { connectionId: ConnectionId; records: number }[];
  openRejects: number;
  /** On rows that were taken, about what could not be taken from them. */
  remarks: number;
}

export interface StreamRow {
  connectionId: ConnectionId;
  connector: string;
  connectionName: string;
  stream: string;
  complete: boolean;
  lastSuccessAt: Date | null;
  fullReadAt: Date | null;
  recordsRead: number;
  vendorCount: number | null;
  storedCount: number | null;
  /** Since when runs go on without it; null: it was in time. */
  lateSince: Date | null;
  errorKind: string | null;
  errorMessage: string | null;
}

export interface Reader {
  /** The numbers of a workspace in one consistent snapshot. */
  overview(workspaceId: WorkspaceId): Promise<Overview>;
  /** By connector, connection, stream. */
  streams(workspaceId: WorkspaceId): Promise<StreamRow[]>;
}

/** Loaded with the first question: most commands ask none. */
async function openPrisma({ pool }: Database): Promise<PrismaClient> {
  const [{ PrismaPg }, { PrismaClient }] = await Promise.all([
    import("@prisma/adapter-pg"),
    import("#prisma/generated/client.ts"),
  ]);
  return new PrismaClient({ adapter: new PrismaPg(pool) });
}

/** Shares the database's pool; nothing to close. */
export function createReader(database: Database): Reader {
  let opened: Promise<PrismaClient> | undefined;

  /** The workspace is set inside the transaction, for row-level security; a snapshot, so that the numbers agree. */
  const inWorkspace = async <T>(
    workspaceId: WorkspaceId,
    read: (tx: Prisma.TransactionClient) => Promise<T>,
  ): Promise<T> => {
    const prisma = await (opened ??= openPrisma(database));
    return await prisma.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT set_config('tributary.workspace_id', ${workspaceId}, true)`;
        return read(tx);
      },
      // A busy machine takes its time to begin one too.
      { isolationLevel: "RepeatableRead", maxWait: 30_000, timeout: 30_000 },
    );
  };

  return {
    overview: (workspaceId) =>
      inWorkspace(workspaceId, async (tx) => {
        const personRecords = await tx.sourceRecord.count({ where: { workspaceId, kind: "person", deleted: false } });
        const [members] = await tx.$queryRaw<{ records: bigint; profiles: bigint }[]>`
          SELECT count(*) AS records, count(DISTINCT profile_id) AS profiles FROM membership
          WHERE workspace_id = ${workspaceId}::uuid`;
        const consents = await tx.consentState.groupBy({
          by: ["channel", "purpose", "state"],
          where: { workspaceId },
          _count: true,
          orderBy: [{ channel: "asc" }, { purpose: "asc" }, { state: "asc" }],
        });
        const traits = await tx.$queryRaw<{ name: string; value: string | null; profiles: bigint }[]>`
          SELECT name, value #>> '{}' AS value, count(*) AS profiles FROM trait
          WHERE workspace_id = ${workspaceId}::uuid AND (value IS NULL OR jsonb_typeof(value) = 'string')
          GROUP BY 1, 2 ORDER BY 1, 3 DESC`;
        const deliveries = await tx.lastWritten.groupBy({ by: ["connectionId"], where: { workspaceId }, _count: true });
        return {
          personRecords,
          profiles: Number(members?.profiles ?? 0),
          duplicates: Number(members?.records ?? 0) - Number(members?.profiles ?? 0),
          orders: await tx.customerOrder.count({ where: { workspaceId, deleted: false } }),
          consents: consents.map(({ _count, ...group }) => ({ ...group, profiles: _count })),
          traits: traits.map((row) => ({ ...row, profiles: Number(row.profiles) })),
          deliveries: deliveries.map(({ connectionId, _count }) => ({
            // Written by our own stores, whose ids carry the brand.
            connectionId: connectionId as ConnectionId,
            records: _count,
          })),
          openRejects: await tx.rejectedRecord.count({ where: { workspaceId, kept: false } }),
          remarks: await tx.rejectedRecord.count({ where: { workspaceId, kept: true } }),
        };
      }),

    streams: (workspaceId) =>
      inWorkspace(workspaceId, async (tx) => {
        const rows = await tx.streamState.findMany({
          where: { workspaceId },
          include: { connection: { select: { connector: true, name: true } } },
          orderBy: [{ connection: { connector: "asc" } }, { connection: { name: "asc" } }, { stream: "asc" }],
        });
        return rows.map((row) => ({
          connectionId: row.connectionId as ConnectionId,
          connector: row.connection.connector,
          connectionName: row.connection.name,
          stream: row.stream,
          complete: row.complete,
          lastSuccessAt: row.lastSuccessAt,
          fullReadAt: row.fullReadAt,
          recordsRead: Number(row.recordsRead),
          vendorCount: row.vendorCount === null ? null : Number(row.vendorCount),
          storedCount: row.storedCount === null ? null : Number(row.storedCount),
          lateSince: row.lateSince,
          errorKind: row.errorKind,
          errorMessage: row.errorMessage,
        }));
      }),
  };
}
