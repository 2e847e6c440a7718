import { fileURLToPath } from "node:url";
import type { DataConverter } from "@temporalio/common";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { encryptionCodec } from "./codec.ts";

export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL("./failure-converter.ts", import.meta.url));

/** JSON, encrypted; messages and stacks of failures too. Client and worker must use the same. */
export function dataConverter(keys: MasterKeys): DataConverter {
  return {
    payloadCodecs: [encryptionCodec(keys)],
    failureConverterPath: FAILURE_CONVERTER_PATH,
  };
}
