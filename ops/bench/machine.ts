/**
 * The machine that figures come from, and how much of it somebody else used meanwhile.
 *
 * A figure of a busy machine is worthless, so each one carries the share of the processor time that went to processes
 * that are not ours. Only Linux tells it; elsewhere the share is unknown, and said to be.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { arch, cpus, loadavg, platform, release, totalmem } from 'node:os';

/** Others than ours use more than this: figures are marked. */
export const BUSY_FROM = 0.1;

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
  };
}

/** Processes that want to run, averaged over a minute. */
export function loadAverage(): number {
  return loadavg()[0] ?? 0;
}

interface Ticks {
  readonly all: number;
  readonly busy: number;
  readonly ours: number;
}

type ProcessTable = ReadonlyMap<number, { readonly parent: number; readonly ticks: number }>;

/** A tick of the kernel's accounts on every Linux of today. */
const TICK_MS = 10;

export class ProcessorWatch {
  #before = readTicks();

  /** Share of the whole machine, 0 to 1, that others used since the last call; null where it can't be known. */
  othersShare(): number | null {
    const [before, now] = [this.#before, readTicks()];
    this.#before = now;
    if (!before || !now || now.all <= before.all) return null;
    // A process of ours that ended took its ticks with it: then this is too high, never too low.
    const others = now.busy - before.busy - Math.max(0, now.ours - before.ours);
    return Math.min(1, Math.max(0, others / (now.all - before.all)));
  }
}

/** Processor time that each of these processes and its descendants have had, in ms; nothing where it can't be known. */
export function processorMs(pids: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  if (platform() !== 'linux') return {};
  const table = readProcesses();
  return Object.fromEntries(
    Object.entries(pids).map(([name, pid]) => [name, ticksOfTree(table, pid) * TICK_MS]),
  );
}

/** Resident memory of a process in MB; not a number where the system does not tell. */
export function residentMb(pid: number, when: 'now' | 'highest'): number {
  const field = when === 'now' ? 'VmRSS' : 'VmHWM';
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]) / 1_000;
  } catch {
    return Number.NaN;
  }
}

function readTicks(): Ticks | null {
  if (platform() !== 'linux') return null;
  const [total = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const parts = total.split(/\s+/).slice(1, 9).map(Number);
  const all = parts.reduce((sum, part) => sum + part, 0);
  const idle = (parts[3] ?? 0) + (parts[4] ?? 0);
  return { all, busy: all - idle, ours: ticksOfTree(readProcesses(), process.pid) };
}

/** Of a process and all that descend from it, with those of ended children that were waited for. */
function ticksOfTree(table: ProcessTable, root: number): number {
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = table.get(at)?.parent) if (at === root) return true;
    return false;
  };
  let sum = 0;
  for (const [pid, { ticks }] of table) if (isOurs(pid)) sum += ticks;
  return sum;
}

function readProcesses(): ProcessTable {
  const found = new Map<number, { parent: number; ticks: number }>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    const stat = Number.isInteger(pid) ? readStat(pid) : null;
    if (stat) found.set(pid, stat);
  }
  return found;
}

function readStat(pid: number): { parent: number; ticks: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold blanks.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
    return { parent: fields[1] ?? 0, ticks };
  } catch {
    // Gone between the listing and the look.
    return null;
  }
}
