/** The channels over which a person can be sent a message: the one list, with what each is called and needs. */
interface Channel {
  /** For people, inside a sentence. */
  words: string;
  /** The kind of address it goes to. */
  address: "email" | "phone";
  /** At most so many messages in so many days. */
  caps: readonly { most: number; days: number }[];
}

export const CHANNELS = {
  email: {
    words: "e-mail",
    address: "email",
    caps: [
      { most: 2, days: 7 },
      { most: 6, days: 30 },
    ],
  },
  sms: { words: "text message", address: "phone", caps: [{ most: 1, days: 7 }] },
} as const satisfies Record<string, Channel>;

export type MessageChannel = keyof typeof CHANNELS;

export const MESSAGE_CHANNELS = Object.keys(CHANNELS) as MessageChannel[]; // exactly the table's keys
