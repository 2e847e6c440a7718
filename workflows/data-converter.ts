import { fileURLToPath } from "node:url";
import type { DataConverter } from "@temporalio/common";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { encryptionCodec } from "./codec.ts";

/** JSON, encrypted; messages and stacks of failures too. Client and worker must use the same. */
export function dataConverter(keys: MasterKeys): DataConverter {
  return {
    payloadCodecs: [encryptionCodec(keys)],
    failureConverterPath: fileURLToPath(new URL("./failure-converter.ts", import.meta.url)),
  };
}
