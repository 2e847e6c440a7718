/** Invented people: the same ones at every twin, so that one person can be recognised across tools. */

export interface InventedPerson {
  firstName: string;
  lastName: string;
  email: string;
  phone: string;
  city: string;
  postcode: string;
  /** ISO instant. */
  since: string;
}

const FIRST = ["Ada", "Basil", "Clover", "Dara", "Edda", "Fenn", "Greta", "Hollis", "Imke", "Jorin"];
const LAST = ["Ashgrove", "Birchley", "Copsey", "Dunmoor", "Elderwin", "Fernsby", "Gorsefield"];
const PLACES = [
  ["Leeds", "LS1 4AP"],
  ["York", "YO1 7HH"],
  ["Ripon", "HG4 1QT"],
] as const;

export function inventedPerson(index: number): InventedPerson {
  const firstName = FIRST[index % FIRST.length] ?? "";
  const lastName = LAST[index % LAST.length] ?? "";
  const [city, postcode] = PLACES[index % PLACES.length] ?? PLACES[0];
  return {
    firstName,
    lastName,
    email: `${firstName}.${lastName}${index}@hollowpine.co.uk`.toLowerCase(),
    phone: `+4474${String(10_000_000 + index * 37).padStart(8, "0")}`,
    city,
    postcode,
    since: new Date(Date.UTC(2025, 0, 1) + index * 3_600_000).toISOString(),
  };
}
