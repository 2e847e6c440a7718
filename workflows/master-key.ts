/** Whether the configured master key is the one that this installation's credentials were encrypted with. */
import { ConfigError } from "#config.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { Dependencies } from "./dependencies.ts";

/**
 * Checked at the start: later it would look as if the tools rejected our credentials, one after the other.
 *
 * @throws ConfigError naming the keys (never their content) and what to do
 */
export async function refuseWrongKey(
  { credentials }: Pick<Dependencies, "credentials">,
  masterKeys: MasterKeys,
): Promise<void> {
  const missing = (await credentials.keysInUse()).filter((keyId) => !masterKeys.keys.has(keyId));
  if (missing.length === 0) return;
  throw new ConfigError(
    `The master key is not the one that the stored credentials were encrypted with: they need the key ${missing.join(" and ")}; ` +
      `configured: ${[...masterKeys.keys.keys()].join(", ")}. ` +
      "Put the right one back: in TRIBUTARY_KEY (behind the new one, after a comma, where it was changed on purpose), or, where that is not set, in the file master-key of the data directory.",
  );
}
