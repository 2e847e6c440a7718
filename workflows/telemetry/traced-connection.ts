import type { OpenConnection } from "#connectors/core/contract.ts";
import { noTelemetry, spanPerItem } from "./telemetry.ts";
import type { Telemetry } from "./telemetry.ts";

/** Work at a vendor as spans; each call that leaves for it is one below, and the wait for quota shows as a gap. */
export function traced(connection: OpenConnection, connector: string, telemetry: Telemetry): OpenConnection {
  if (telemetry === noTelemetry) return connection;
  const span = <T>(name: string, records: number, work: () => Promise<T>) =>
    telemetry.span(name, { connector, records }, work);
  return {
    ...connection,
    read: (stream, cursor) =>
      spanPerItem(telemetry, "read page", connection.read(stream, cursor), ({ records, rejects }) => ({
        ...{ connector, stream, records: records.length, rejects: rejects.length },
      })),
    ensureFields: (fields) => span("prepare fields", 0, () => connection.ensureFields(fields)),
    describeField: (name) => span("describe field", 0, () => connection.describeField(name)),
    readLive: (ids, fields) => span("read live values", ids.length, () => connection.readLive(ids, fields)),
    addMembers: (audience, members, context) =>
      span("add to audience", members.length, () => connection.addMembers(audience, members, context)),
    removeMembers: (audience, members, context) =>
      span("take out of audience", members.length, () => connection.removeMembers(audience, members, context)),
    write: (writes, context) => span("write", writes.length, () => connection.write(writes, context)),
  };
}
