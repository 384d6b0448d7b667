/**
 * Finds, measures and ends what one program has started: the processes of its group, and on Linux also those that
 * left the group, by a variable that all of them inherit.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The name of the variable that marks the processes of one family. */
export const MARK = 'OIO_FAMILY';

export interface Member {
  readonly pid: number;
  /** Memory of its own, in bytes. */
  readonly memoryBytes: number;
}

export interface Family {
  readonly group: number;
  readonly mark: string;
}

const run = promisify(execFile);
const PAGE_BYTES = 4_096;
const ROUNDS_MAX = 100;
const ROUND_MS = 20;
const PS_MS = 5_000;
/** In `/proc/<pid>/stat`, counted behind the name: state, parent, group, … */
const GROUP_FIELD = 2;
const STATE_FIELD = 0;

/** Those that live. Processes come and go while this looks. */
export function findMembers(family: Family): Promise<readonly Member[]> {
  return process.platform === 'linux' ? findInProc(family) : findByPs(family);
}

/** Ends all of them; returns when none is left, or after a bounded number of rounds. */
export async function endMembers(family: Family): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    signalGroup(family.group, 'SIGKILL');
    const members = await findMembers(family);
    if (members.length === 0) return;
    for (const { pid } of members) signal(pid, 'SIGKILL');
    await pause(ROUND_MS);
  }
}

export function signalGroup(group: number, name: NodeJS.Signals): void {
  signal(-group, name);
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}

async function findInProc({ group, mark }: Family): Promise<readonly Member[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // One that has ended and waits to be noticed holds nothing.
      if (stat === '' || fields[STATE_FIELD] === 'Z') return null;
      const isMember = Number(fields[GROUP_FIELD]) === group || (await isMarked(pid, mark));
      return isMember ? { pid, memoryBytes: await memoryOf(pid) } : null;
    }),
  );
  return found.filter((member) => member !== null);
}

async function isMarked(pid: number, mark: string): Promise<boolean> {
  // Others' processes are not ours to read.
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
  return environment.split('\0').includes(`${MARK}=${mark}`);
}

/** Resident pages less the shared ones: what many processes have in common is counted for none of them. */
async function memoryOf(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '');
  const [, resident = 0, shared = 0] = statm.split(' ').map(Number);
  return Math.max(0, resident - shared) * PAGE_BYTES;
}

async function findByPs({ group }: Family): Promise<readonly Member[]> {
  // Where there is no ps, nothing can be measured; the group is ended all the same.
  const { stdout } = await run('ps', ['-axo', 'pid=,pgid=,rss='], { timeout: PS_MS }).catch(() => ({
    stdout: '',
  }));
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, pgid]) => pgid === group)
    .map(([pid = 0, , kib = 0]) => ({ pid, memoryBytes: kib * 1_024 }));
}
