/** CPU time of a process and everything it started, by program. Linux only; elsewhere there is nothing to show. */
import { readdirSync, readFileSync } from "node:fs";

/** Clock ticks a second, as Linux has them on every machine Node runs on. */
const TICKS = 100;

const PROGRAMS: [name: string, command: RegExp][] = [
  ["worker", /workflows\/worker\.ts/],
  ["twins", /demo-shop\/twins\.ts/],
  ["console", /console\/server\/main\.ts/],
  ["Temporal", /temporal(\.exe)?\0server/],
  ["Postgres", /postgres/],
];

export type CpuSeconds = Record<string, number>;

/** Seconds of user and system time so far, of children that ended too. */
export function cpuByProgram(root: number): CpuSeconds {
  const processes = new Map(
    listed().flatMap((pid) => {
      const found = processOf(pid);
      return found === null ? [] : [[pid, found] as const];
    }),
  );
  const seconds: CpuSeconds = {};
  for (const [pid, { command, ticks }] of processes) {
    if (!descends(pid, root, processes)) continue;
    const name = PROGRAMS.find(([, pattern]) => pattern.test(command))?.[0] ?? "others";
    seconds[name] = (seconds[name] ?? 0) + ticks / TICKS;
  }
  return seconds;
}

/** The same of all programs together. */
export const cpuSeconds = (root: number): number =>
  Object.values(cpuByProgram(root)).reduce((sum, seconds) => sum + seconds, 0);

function listed(): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? Number(name) : []));
}

/** Null: it has ended meanwhile. */
function processOf(pid: number): { parent: number; ticks: number; command: string } | null {
  try {
    // The name in brackets may hold spaces: what follows it is counted from there.
    const [, rest = ""] = /^\d+ \(.*\) (.*)$/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    const fields = rest.split(" ").map(Number);
    const [utime = 0, stime = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
    return {
      parent: fields[1] ?? 0,
      ticks: utime + stime + childrenUser + childrenSystem,
      command: readFileSync(`/proc/${pid}/cmdline`, "utf8"),
    };
  } catch {
    return null;
  }
}

function descends(pid: number, root: number, processes: ReadonlyMap<number, { parent: number }>): boolean {
  for (let current: number | undefined = pid; current !== undefined && current > 1;) {
    if (current === root) return true;
    current = processes.get(current)?.parent;
  }
  return false;
}
