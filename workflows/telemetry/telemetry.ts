/** What steps tell about themselves while they run: spans and the duration of vendor calls. Costs nothing when nobody listens. */
import type { ConnectorErrorKind } from "#connectors/core/errors.ts";

/** Ids, names of ours and counts; never anything of a person. */
export type SpanFields = Readonly<Record<string, string | number | boolean>>;

export interface VendorCallEnded {
  connector: string;
  /** The connector's short stable name of the call, as `contacts.search`. */
  operation: string;
  durationMs: number;
  outcome: "ok" | ConnectorErrorKind;
}

export interface Telemetry {
  /** Runs `work` as a span below the one under way; `add` is for what is known only at its end. */
  span<T>(name: string, fields: SpanFields, work: (add: (fields: SpanFields) => void) => Promise<T>): Promise<T>;
  vendorCall(call: VendorCallEnded): void;
}

export const noTelemetry: Telemetry = {
  span: (_name, _fields, work) => work(() => undefined),
  vendorCall: () => undefined,
};

/** Each item fetched as a span of its own, which whatever is called to fetch it belongs to. */
export async function* spanPerItem<T>(
  telemetry: Telemetry,
  name: string,
  source: AsyncGenerator<T>,
  fieldsOf: (item: T) => SpanFields,
): AsyncGenerator<T> {
  try {
    for (;;) {
      const next = await telemetry.span(name, {}, async (add) => {
        const item = await source.next();
        if (item.done !== true) add(fieldsOf(item.value));
        return item;
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await source.return(undefined);
  }
}
