/** The records with these ids, as Klaviyo's lists are filtered. */
export const idsIn = (ids: readonly string[]): string => `any(id,${JSON.stringify(ids)})`;
