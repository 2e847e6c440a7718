/** The property definitions an account has, built in and made. */
import type { Row } from "#connectors/core/twin/table.ts";

type BuiltIn = [name: string, label: string, type: string, fieldType: string, readOnly?: "read-only"];

const LIFECYCLE = [
  "subscriber",
  "lead",
  "marketingqualifiedlead",
  "salesqualifiedlead",
  "opportunity",
  "customer",
  "evangelist",
];

const COMMON: BuiltIn[] = [
  ["hs_object_id", "Record ID", "number", "number", "read-only"],
  ["createdate", "Create date", "datetime", "date", "read-only"],
  ["hs_merged_object_ids", "Merged record IDs", "enumeration", "checkbox", "read-only"],
];

const BUILT_IN: Record<string, BuiltIn[]> = {
  contacts: [
    ...COMMON,
    ["email", "Email", "string", "text"],
    ["hs_additional_emails", "Additional email addresses", "enumeration", "checkbox"],
    ["firstname", "First name", "string", "text"],
    ["lastname", "Last name", "string", "text"],
    ["phone", "Phone number", "string", "phonenumber"],
    ["mobilephone", "Mobile phone number", "string", "phonenumber"],
    ["company", "Company name", "string", "text"],
    ["country", "Country/region", "string", "text"],
    ["hs_country_region_code", "Country/region code", "string", "text"],
    ["zip", "Postal code", "string", "text"],
    ["city", "City", "string", "text"],
    ["address", "Street address", "string", "text"],
    ["state", "State/region", "string", "text"],
    ["jobtitle", "Job title", "string", "text"],
    ["date_of_birth", "Date of birth", "string", "text"],
    ["gender", "Gender", "string", "text"],
    ["lifecyclestage", "Lifecycle stage", "enumeration", "radio"],
    ["hs_email_optout", "Unsubscribed from all email", "bool", "booleancheckbox", "read-only"],
    ["hs_legal_basis", "Legal basis for processing contact's data", "enumeration", "checkbox"],
    ["hs_google_click_id", "Google ad click id", "string", "text"],
    ["hs_facebook_click_id", "Facebook click id", "string", "text"],
    ["lastmodifieddate", "Last modified date", "datetime", "date", "read-only"],
  ],
  companies: [
    ...COMMON,
    ["name", "Company name", "string", "text"],
    ["domain", "Company domain name", "string", "text"],
    ["hs_lastmodifieddate", "Last modified date", "datetime", "date", "read-only"],
  ],
  deals: [
    ...COMMON,
    ["dealname", "Deal name", "string", "text"],
    ["dealstage", "Deal stage", "enumeration", "radio"],
    ["pipeline", "Pipeline", "enumeration", "select"],
    ["amount", "Amount", "number", "number"],
    ["deal_currency_code", "Currency", "enumeration", "select"],
    ["closedate", "Close date", "datetime", "date"],
    ["hs_is_closed", "Is deal closed?", "bool", "booleancheckbox", "read-only"],
    ["hs_is_closed_won", "Is closed won", "bool", "booleancheckbox", "read-only"],
    ["hs_lastmodifieddate", "Last modified date", "datetime", "date", "read-only"],
  ],
};

/** The property that holds the time of the last change: named differently on contacts than elsewhere. */
export function modifiedProperty(type: string): "lastmodifieddate" | "hs_lastmodifieddate" {
  return type === "contacts" ? "lastmodifieddate" : "hs_lastmodifieddate";
}

/** `id`: `<object type>.<name>`. */
export interface PropertyRow extends Row {
  name: string;
  label: string;
  description: string;
  groupName: string;
  type: string;
  fieldType: string;
  options: { label: string; value: string; hidden: boolean; displayOrder: number; description?: string | undefined }[];
  hubspotDefined: boolean;
  readOnly: boolean;
  hidden: boolean;
  archived: boolean;
}

export function builtInProperties(objectType: string): PropertyRow[] {
  return (BUILT_IN[objectType] ?? []).map(([name, label, type, fieldType, readOnly]) => ({
    ...{ id: `${objectType}.${name}`, name, label, description: "", groupName: "contactinformation", type, fieldType },
    options:
      name === "lifecyclestage"
        ? LIFECYCLE.map((value, n) => ({ value, label: value, hidden: false, displayOrder: n }))
        : [],
    hubspotDefined: true,
    readOnly: readOnly !== undefined,
    hidden: false,
    archived: false,
  }));
}

/** The built-in stage only moves forward unless it is cleared first; a step back is ignored without an error. */
export function movesBackwards(from: string | null, to: string | null): boolean {
  return from !== null && to !== null && LIFECYCLE.indexOf(to) < LIFECYCLE.indexOf(from);
}
