/**
 * A server whose agent was killed lives on for the moment that its watchdog takes. Its successor uses the same home, and
 * may go on in a directory where it still works: so it is ended first.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { endMarked } from './processes.ts';

const FILE = 'server-mark';
const MARK = /^[\w-]{8,64}$/;

/** Ends all processes of the server that was started last in this home. */
export async function endLeftServer(home: string): Promise<void> {
  const mark = await readFile(join(home, FILE), 'utf8').catch(() => '');
  if (MARK.test(mark)) await endMarked(mark);
}

export async function noteServer(home: string, mark: string): Promise<void> {
  await writeFile(join(home, FILE), mark, { mode: 0o600 });
}
