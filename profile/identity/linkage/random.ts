/** Seeded draws: the same seed gives the same pairs everywhere (xoshiro128**, Blackman & Vigna 2021, filled by splitmix32). */
export function drawsOf(seed: number): (below: number) => number {
  let filled = seed | 0;
  const fill = (): number => {
    filled = (filled + 0x9e3779b9) | 0;
    let mixed = filled ^ (filled >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
  let [a, b, c, d] = [fill(), fill(), fill(), fill() | 1];
  const rotate = (bits: number, by: number): number => (bits << by) | (bits >>> (32 - by));
  return (below) => {
    const drawn = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
    return Math.floor((drawn / 2 ** 32) * below);
  };
}
