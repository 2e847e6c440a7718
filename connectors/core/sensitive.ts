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

/**
 * What a column or property may be about that no business reads in without a reason, by words in its name. Data: extend it
 * here. Words with an everyday meaning (a loyalty card's number, a kind of row) are left out.
 */
const CATEGORIES = {
  health:
    "diagnosis,diagnoses,disease,illness,medical,medication,medications,medicine,prescription,prescriptions,allergy,allergies,allergic," +
    "disability,disabled,blood type,blood group,health,patient,symptom,symptoms,therapy,therapist,pregnancy,pregnant,hiv,mental,nhs number," +
    "diagnose,diagnosen,krankheit,krankheiten,krankenkasse,krankenversicherung,gesundheit,allergie,allergien,behinderung,schwanger," +
    "schwangerschaft,medikament,medikamente,blutgruppe,patientin,maladie,sante,handicap,ordonnance,grossesse,groupe sanguin,salute,malattia," +
    "disabilita,gravidanza,gruppo sanguigno,paziente,salud,enfermedad,alergia,alergias,discapacidad,embarazo,paciente,ziekte,gezondheid",
  finance:
    "iban,bic,swift code,bank,bank account,bank account number,sort code,routing number,credit card,credit card number,cc number,cvv,cvc," +
    "credit score,credit rating,creditworthiness,salary,income,household income,net worth,debt,loan,mortgage,bankruptcy,schufa,bonitat," +
    "gehalt,einkommen,kontonummer,bankverbindung,bankleitzahl,blz,kreditkarte,kreditkartennummer,revenu,revenus,salaire,carte bancaire,rib," +
    "stipendio,reddito,carta di credito,salario,ingresos,renta,tarjeta de credito,cuenta bancaria,salaris,inkomen,rekeningnummer",
  minors:
    "child,children,childs,kid,kids,son,daughter,minor,minors,under 13,under 16,under 18,guardian,parental consent,pupil,school,kinder,kindes," +
    "sohn,tochter,minderjahrig,schuler,schulerin,schule,enfant,enfants,mineur,ecole,figlio,figlia,figli,bambino,bambini,minore," +
    "scuola,hijo,hija,hijos,nino,ninos,menor,escuela,kinderen,zoon,dochter",
} as const;

export type SensitiveCategory = keyof typeof CATEGORIES;

const categories = Object.entries(CATEGORIES).map(([category, words]) => ({
  // Object.entries forgets the key type.
  category: category as SensitiveCategory,
  words: words.split(",").map((word) => ` ${word} `),
}));

/** A name is as long as this at most; what is longer is cut. Characters. */
const LONGEST_NAME = 200;

/** The category that a column or property is about by its name; null: none that we know. */
export function sensitiveCategoryOf(name: string): SensitiveCategory | null {
  const folded = ` ${name
    .slice(0, LONGEST_NAME)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim()} `;
  return categories.find(({ words }) => words.some((word) => folded.includes(word)))?.category ?? null;
}
