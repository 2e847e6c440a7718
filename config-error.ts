/** The person at the keyboard has to change something; the message says what. Never carries a value, only names. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
