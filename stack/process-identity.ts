/** Tells whether a process id still means the process we once started. Ids are reused, in containers quickly. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** A process that cannot be confused with a later one of the same id. */
export const processIdentity = z.object({
  pid: z.number().int().positive(),
  /** The operating system's own words for when it started; only good for comparing. */
  startedAt: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof processIdentity>;

export interface RunningProcess extends ProcessIdentity {
  /** Program and arguments; on Linux separated by single spaces. */
  command: string;
}

/** The process of this id, or null when none runs (a zombie counts as gone). */
export function findProcess(pid: number): RunningProcess | null {
  switch (process.platform) {
    case "linux":
      return findOnLinux(pid);
    case "win32":
      return findOnWindows(pid);
    default:
      return findByPs(pid);
  }
}

/** This very process. */
export function ownIdentity(): ProcessIdentity {
  const self = findProcess(process.pid);
  if (self === null) throw new Error("The operating system does not list this process.");
  return { pid: self.pid, startedAt: self.startedAt };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return findProcess(identity.pid)?.startedAt === identity.startedAt;
}

/** Waits until the process is gone. @returns false when it still runs after `timeoutMs` */
export async function waitForEnd(identity: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; isRunning(identity); waitedMs += 25) {
    if (waitedMs >= timeoutMs) return false;
    await sleep(25);
  }
  return true;
}

/** Sends a signal; a process that ended meanwhile is no error. `group` reaches the children too (not on Windows). */
export function sendSignal(pid: number, signal: NodeJS.Signals, group = false): void {
  try {
    process.kill(group && process.platform !== "win32" ? -pid : pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/**
 * Ends a process: asks with `signal`, and kills it when it still runs after `graceMs`.
 *
 * Does nothing when the id belongs to another process by now.
 */
export async function endProcess(
  identity: ProcessIdentity,
  { signal, graceMs, group = false }: { signal: NodeJS.Signals; graceMs: number; group?: boolean },
): Promise<void> {
  if (!isRunning(identity)) return;
  sendSignal(identity.pid, signal, group);
  if (await waitForEnd(identity, graceMs)) return;
  sendSignal(identity.pid, "SIGKILL", group);
  await waitForEnd(identity, 5_000);
}

function findOnLinux(pid: number): RunningProcess | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state, startTicks] = [fields[0], fields[19]];
    if (startTicks === undefined || state === "Z" || state === "X") return null;
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return { pid, startedAt: `${bootId()}/${startTicks}`, command };
  } catch {
    return null; // No such process, or it ended between the two reads.
  }
}

/** Start times count from boot, so a time alone could mean a process of an earlier boot. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "boot"; // Some sandboxes hide it.
  }
}

function findByPs(pid: number): RunningProcess | null {
  const line = run("ps", ["-o", "lstart=,command=", "-ww", "-p", String(pid)]);
  // "Sun Nov 22 22:39:01 2026 /path/to/program arguments"
  const match = /^(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line);
  const [startedAt, command] = [match?.[1], match?.[2]];
  return startedAt === undefined || command === undefined ? null : { pid, startedAt, command };
}

function findOnWindows(pid: number): RunningProcess | null {
  const script =
    `$p = Get-CimInstance Win32_Process -Filter 'ProcessId = ${pid}'; ` +
    "if ($p) { $p.CreationDate.Ticks.ToString() + ' ' + $p.CommandLine }";
  const match = /^(\d+) (.*)$/.exec(run("powershell", ["-NoProfile", "-Command", script]));
  const [startedAt, command] = [match?.[1], match?.[2]];
  return startedAt === undefined || command === undefined ? null : { pid, startedAt, command };
}

function run(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return ""; // Both programs exit non-zero when there is no such process.
  }
}
