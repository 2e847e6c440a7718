/** What of a person is kept only where somebody has said that it is needed: data, by the name a setting knows it under. */
import type { PersonRecord } from "./records.ts";

export const SENSITIVE_FACTS = {
  birth_date: { fact: "birthDate", words: "date of birth" },
  birth_place: { fact: "birthPlace", words: "place of birth" },
  gender: { fact: "gender", words: "gender" },
  national_id: { fact: "nationalIds", words: "national or tax number" },
} as const satisfies Record<string, { fact: keyof PersonRecord; words: string }>;

export type SensitiveName = keyof typeof SENSITIVE_FACTS;

export const SENSITIVE_NAMES = Object.keys(SENSITIVE_FACTS) as SensitiveName[];

export const isSensitiveName = (text: string): text is SensitiveName => Object.hasOwn(SENSITIVE_FACTS, text);
