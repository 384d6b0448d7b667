/**
 * Finds and ends what a server's tools have started. opencode gives each command a session of its own, so ending
 * the server's process group does not reach them; what does is a variable that all of them inherit.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { sep } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The name of the variable that marks the processes of one server. */
export const MARK = 'OIO_OPENCODE_SERVER';

const run = promisify(execFile);
const ROUNDS_MAX = 100;
const ROUND_MS = 20;
const PS_MS = 5_000;
const PS_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Ends all processes with this mark; with `directory` only those that work inside it. Returns when none is left: a
 * process that was told to end is still there for a moment, and one that forks meanwhile is found the next time.
 */
export async function endMarked(mark: string, directory?: string): Promise<void> {
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const marked = process.platform === 'linux' ? await findInProc(mark) : await findByPs(mark);
    const wanted = directory === undefined ? marked : await filterByDirectory(marked, directory);
    if (wanted.length === 0) return;
    for (const pid of wanted) endProcess(pid);
    await sleep(ROUND_MS);
  }
}

async function findInProc(mark: string): Promise<readonly number[]> {
  const entry = `${MARK}=${mark}`;
  const numbers = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    numbers.map(async (pid) => {
      // Processes come and go while we look, and others' are not ours to read.
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(entry) ? pid : null;
    }),
  );
  return found.filter((pid) => pid !== null);
}

async function findByPs(mark: string): Promise<readonly number[]> {
  const options = { timeout: PS_MS, maxBuffer: PS_BYTES_MAX };
  // Where there is no ps, what a command has left behind cannot be found.
  const nothing = { stdout: '' };
  const { stdout } = await run('ps', ['axeww', '-o', 'pid=,command='], options).catch(() => nothing);
  return stdout
    .split('\n')
    .filter((line) => line.includes(`${MARK}=${mark}`))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => Number.isInteger(pid));
}

/** Where a process works can be read on Linux only; elsewhere it ends with its server. */
async function filterByDirectory(pids: readonly number[], directory: string): Promise<readonly number[]> {
  if (process.platform !== 'linux') return [];
  const inside = await Promise.all(
    pids.map(async (pid) => {
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return place === directory || place.startsWith(directory + sep);
    }),
  );
  return pids.filter((_, index) => inside[index]);
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
