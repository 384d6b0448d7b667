/**
 * The folder that holds all data of one stack, and the right to use it.
 *
 * D1. One stack at a time: the right is a lock that the system itself frees when its holder dies (an
 *     exclusive SQLite transaction on `lock.db`); `holder.json` only says to people who has it.
 * D2. Whatever a killed stack left running is ended before anything new is started: each child is
 *     noted in `running.json` with its start time, so that a process id used again is never hit.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { signal, startTimeOf } from './process-table.ts';
import { codeOf, EXIT, reasonOf, StartFailure } from './start-failure.ts';

const FREE_BYTES_MIN = 1024 ** 3;
const LEFTOVER_GRACE_MS = 5_000;

const Holder = z.object({ pid: z.number(), since: z.string(), note: z.string() });
const Running = z.array(z.object({ role: z.string(), pid: z.number(), startTime: z.string() }));
type Running = z.infer<typeof Running>;

export interface DataFolder {
  readonly path: string;
  /** Leftovers of a killed stack that were ended at the opening. */
  readonly ended: readonly string[];
  remember(role: string, pid: number): void;
  forget(pid: number): void;
  /** Kills all that is remembered, without a word: the last resort. */
  kill(): void;
  release(): void;
}

/** Makes the folder if it is missing, takes the right to it and clears what a killed stack left running. */
export async function openDataFolder(folder: string, note: string): Promise<DataFolder> {
  const path = resolve(folder);
  makeFolder(path);
  const lock = takeLock(path);
  try {
    assertSpace(path);
    const runningFile = join(path, 'running.json');
    const ended = await endLeftovers(readRunning(runningFile));
    let running: Running = [];
    const save = (next: Running): void => {
      running = next;
      writeWhole(runningFile, running);
    };
    save([]);
    writeWhole(join(path, 'holder.json'), { pid: process.pid, since: new Date().toISOString(), note });
    return {
      path,
      ended,
      remember: (role, pid) => {
        const startTime = startTimeOf(pid);
        if (startTime !== null) save([...running, { role, pid, startTime }]);
      },
      kill: () => {
        // SIGQUIT is Postgres' way to die at once with all its parts.
        for (const { role, pid } of running) signal(pid, role === 'postgres' ? 'SIGQUIT' : 'SIGKILL');
      },
      forget: (pid) => save(running.filter((entry) => entry.pid !== pid)),
      release: () => {
        rmSync(join(path, 'holder.json'), { force: true });
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

function makeFolder(path: string): void {
  try {
    // Searchable by others, because a Postgres started by root runs as another user; its own files are not.
    mkdirSync(path, { recursive: true, mode: 0o711 });
    const probe = join(path, `.writable-${process.pid}`);
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (thrown) {
    throw new StartFailure(EXIT.dataFolder, `${folderFault(codeOf(thrown), path)} (${reasonOf(thrown)})`, {
      cause: thrown,
    });
  }
}

function folderFault(code: string, path: string): string {
  if (code === 'ENOSPC' || code === 'EDQUOT') return `The disk that holds the data folder ${path} is full.`;
  if (code === 'EEXIST' || code === 'ENOTDIR') return `The data folder ${path} is not a folder.`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `The data folder ${path} can't be written. Choose another: npm start -- --data DIR.`;
  }
  return `The data folder ${path} can't be used.`;
}

function takeLock(path: string): DatabaseSync {
  try {
    const lock = new DatabaseSync(join(path, 'lock.db'));
    try {
      lock.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
      return lock;
    } catch (thrown) {
      lock.close();
      throw thrown;
    }
  } catch (thrown) {
    const locked = /locked/.test(reasonOf(thrown));
    const fault = locked
      ? `The data folder ${path} is in use${holderOf(path)}. Stop that one, or use another: npm start -- --data DIR.`
      : `The data folder ${path} is broken: its lock can't be taken (${reasonOf(thrown)}).`;
    throw new StartFailure(EXIT.dataFolder, fault, { cause: thrown });
  }
}

function holderOf(path: string): string {
  try {
    const { pid, since, note } = Holder.parse(JSON.parse(readFileSync(join(path, 'holder.json'), 'utf8')));
    return ` by process ${pid} (${note}, since ${since})`;
  } catch {
    // The note is a kindness; the lock has already decided.
    return ' by another process';
  }
}

function assertSpace(path: string): void {
  const { bavail, bsize } = statfsSync(path);
  const freeBytes = bavail * bsize;
  if (freeBytes >= FREE_BYTES_MIN) return;
  const [free, least] = [freeBytes, FREE_BYTES_MIN].map((bytes) => Math.floor(bytes / 1024 ** 2));
  throw new StartFailure(
    EXIT.dataFolder,
    `The disk that holds the data folder ${path} is nearly full: ${free} MiB free, at least ${least} MiB are needed.`,
  );
}

function readRunning(file: string): Running {
  try {
    return Running.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Missing at the first start; it is written whole, so it is never half there.
    return [];
  }
}

/** Ends them youngest first, as a stop would: processes before the stores that they write to. */
async function endLeftovers(running: Running): Promise<readonly string[]> {
  const isThere = (entry: Running[number]): boolean => startTimeOf(entry.pid) === entry.startTime;
  const left = running.filter(isThere).reverse();
  for (const entry of left) {
    // SIGINT is the quick and clean stop for Postgres and nats-server; the other roles drain on SIGTERM.
    signal(entry.pid, entry.role === 'postgres' || entry.role === 'nats-server' ? 'SIGINT' : 'SIGTERM');
    const deadline = performance.now() + LEFTOVER_GRACE_MS;
    while (isThere(entry) && performance.now() < deadline) await sleep(25);
    if (isThere(entry)) signal(entry.pid, 'SIGKILL');
    signal(-entry.pid, 'SIGKILL');
  }
  return left.map((entry) => `${entry.role} (${entry.pid})`);
}

function writeWhole(file: string, value: unknown): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`);
  renameSync(`${file}.new`, file);
}
