/**
 * What the system says of a process id. Ids are used again, so a process is known by id and start time;
 * Linux tells both under /proc, elsewhere `ps` does.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** When the process began, in the system's own words (compare, don't parse); null if there is none. */
export function startTimeOf(pid: number): string | null {
  if (process.platform !== 'linux') return askPs(pid, 'lstart=');
  const stat = readProc(pid, 'stat');
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold spaces: count from after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === 'Z' || startTime === undefined ? null : startTime;
}

/** The command line of the process; null if there is none. */
export function commandOf(pid: number): string | null {
  if (process.platform !== 'linux') return askPs(pid, 'command=');
  return readProc(pid, 'cmdline')?.replaceAll('\0', ' ').trim() ?? null;
}

/** Sends a signal; false if the process is gone already. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ESRCH') return false;
    throw thrown;
  }
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    // No such process: that is the answer.
    return null;
  }
}

function askPs(pid: number, format: string): string | null {
  try {
    return execFileSync('ps', ['-o', format, '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    // ps exits with 1 where there is no such process.
    return null;
  }
}
