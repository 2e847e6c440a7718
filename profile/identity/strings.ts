/** String similarity over UTF-16 units; names come in as ASCII. */

/** Jaro-Winkler, 0..1: prefix weight 0.1, prefix up to 4, no 0.7 gate (Winkler 1990; golden values in the tests). */
export function jaroWinkler(a: string, b: string): number {
  if (a === b) return 1;
  const jaro = jaroSimilarity(a, b);
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && a[prefix] === b[prefix]) prefix++;
  return jaro + 0.1 * prefix * (1 - jaro);
}

/**
 * Jaro-Winkler where it is at least `least`, and something smaller where it is not. Of two texts picked at random the letters
 * that only one of them has tell that at once.
 */
export function jaroWinklerAtLeast(a: string, b: string, least: number): number {
  if (a === b) return 1;
  let letters = 0;
  for (let at = 0; at < b.length; at++) letters |= 1 << (b.charCodeAt(at) & 31);
  let common = 0;
  for (let at = 0; at < a.length; at++) common += (letters >>> (a.charCodeAt(at) & 31)) & 1;
  const matches = Math.min(common, b.length);
  const jaro = matches === 0 ? 0 : (matches / a.length + matches / b.length + 1) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < a.length && a.charCodeAt(prefix) === b.charCodeAt(prefix)) prefix++;
  return jaro + 0.1 * prefix * (1 - jaro) < least ? 0 : jaroWinkler(a, b);
}

/** Letters taken, by position; names longer than this are no names. Cleared as far as it is used. */
const LONGEST = 1_024;
const takenA = new Uint8Array(LONGEST);
const takenB = new Uint8Array(LONGEST);

function jaroSimilarity(longA: string, longB: string): number {
  const a = longA.length > LONGEST ? longA.slice(0, LONGEST) : longA;
  const b = longB.length > LONGEST ? longB.slice(0, LONGEST) : longB;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  takenA.fill(0, 0, a.length);
  takenB.fill(0, 0, b.length);
  let matches = 0;
  for (let i = 0; i < a.length; i++) {
    const letter = a.charCodeAt(i);
    const end = Math.min(b.length - 1, i + reach);
    for (let j = Math.max(0, i - reach); j <= end; j++) {
      if (takenB[j] === 1 || letter !== b.charCodeAt(j)) continue;
      takenA[i] = 1;
      takenB[j] = 1;
      matches++;
      break;
    }
  }
  if (matches === 0) return 0;
  let outOfPlace = 0;
  for (let i = 0, j = 0; i < a.length; i++) {
    if (takenA[i] === 0) continue;
    while (takenB[j] === 0) j++;
    if (a.charCodeAt(i) !== b.charCodeAt(j)) outOfPlace++;
    j++;
  }
  return (matches / a.length + matches / b.length + (matches - outOfPlace / 2) / matches) / 3;
}

/** At most one insertion, deletion, substitution or swap of neighbours apart. */
export function withinOneEdit(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (long.length - short.length > 1) return false;
  let i = 0;
  while (i < short.length && short[i] === long[i]) i++;
  if (long.length > short.length) return short.slice(i) === long.slice(i + 1);
  if (short.slice(i + 1) === long.slice(i + 1)) return true;
  return short[i] === long[i + 1] && short[i + 1] === long[i] && short.slice(i + 2) === long.slice(i + 2);
}

/** Insertions, deletions, substitutions and swaps of neighbours, no letter touched twice (restricted Damerau-Levenshtein). */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  // Three rows, used in turn.
  const rows = new Uint16Array(3 * width);
  for (let j = 0; j < width; j++) rows[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const row = (i % 3) * width;
    const last = ((i + 2) % 3) * width;
    const beforeLast = ((i + 1) % 3) * width;
    const letter = a.charCodeAt(i - 1);
    rows[row] = i;
    for (let j = 1; j < width; j++) {
      const other = b.charCodeAt(j - 1);
      let least = (rows[last + j - 1] ?? 0) + (letter === other ? 0 : 1);
      least = Math.min(least, (rows[last + j] ?? 0) + 1, (rows[row + j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && letter === b.charCodeAt(j - 2) && a.charCodeAt(i - 2) === other)
        least = Math.min(least, (rows[beforeLast + j - 2] ?? 0) + 1);
      rows[row + j] = least;
    }
  }
  return rows[(a.length % 3) * width + b.length] ?? 0;
}
