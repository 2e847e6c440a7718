/** Encrypts every payload before it leaves the process: Temporal's history holds ciphertext only. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { METADATA_ENCODING_KEY, ValueError } from "@temporalio/common";
import type { Payload, PayloadCodec } from "@temporalio/common";
import proto from "@temporalio/proto";
import type { MasterKeys } from "#profile/store/credentials.ts";

const ENCODING = "binary/encrypted";
const KEY_ID = "encryption-key-id";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const text = new TextEncoder();
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/**
 * AES-256-GCM over the whole payload, laid out nonce | ciphertext | tag; the key id travels in the metadata so that old
 * histories stay readable after a rotation.
 * https://docs.temporal.io/payload-codec (read 2026-11)
 */
export function encryptionCodec(keys: MasterKeys): PayloadCodec {
  const derived = new Map<string, Buffer>();
  const keyOf = (id: string): Buffer => {
    const known = derived.get(id);
    if (known !== undefined) return known;
    const master = keys.keys.get(id);
    if (master === undefined) throw new ValueError(`The encryption key "${id}" of this history is not configured.`);
    const key = Buffer.from(hkdfSync("sha256", master, Buffer.alloc(0), "tributary temporal payload", 32));
    derived.set(id, key);
    return key;
  };

  return {
    encode: async (payloads) =>
      payloads.map((payload) => {
        const nonce = randomBytes(NONCE_BYTES);
        const cipher = createCipheriv("aes-256-gcm", keyOf(keys.current), nonce);
        const plain = PayloadMessage.encode(payload).finish();
        return {
          metadata: { [METADATA_ENCODING_KEY]: text.encode(ENCODING), [KEY_ID]: text.encode(keys.current) },
          data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
        };
      }),
    decode: async (payloads) =>
      payloads.map((payload) => {
        // Whoever can reach the server could otherwise hand the worker an input of their own, without any key.
        if (metadataOf(payload, METADATA_ENCODING_KEY) !== ENCODING)
          throw new ValueError("This payload is not encrypted, so it is not one of ours: refused.");
        return decrypt(payload, keyOf);
      }),
  };
}

function decrypt(payload: Payload, keyOf: (id: string) => Buffer): Payload {
  const data = payload.data ?? new Uint8Array();
  const nonce = data.subarray(0, NONCE_BYTES);
  const decipher = createDecipheriv("aes-256-gcm", keyOf(metadataOf(payload, KEY_ID)), nonce, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(data.subarray(data.length - TAG_BYTES));
  const plain = Buffer.concat([decipher.update(data.subarray(NONCE_BYTES, data.length - TAG_BYTES)), decipher.final()]);
  return PayloadMessage.decode(plain);
}

function metadataOf(payload: Payload, key: string): string {
  return Buffer.from(payload.metadata?.[key] ?? []).toString("utf8");
}
