/** Builds the console where that is due: it was never built, or something it is made of is newer. */
import { readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { startChild } from './child.ts';
import { EXIT, StartFailure } from './start-failure.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const BUILD_MS = 120_000;

export function isConsoleBuilt(root = ROOT): boolean {
  const builtAtMs = modifiedMs(join(root, 'console', 'dist', 'index.html'));
  const sources = [join(root, 'console'), join(root, 'protocols'), join(root, 'package-lock.json')];
  return builtAtMs > Math.max(...sources.map(newestMs));
}

export async function buildConsole(signal?: AbortSignal): Promise<void> {
  const lines: string[] = [];
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  const child = await startChild({
    command: process.execPath,
    parameters: [vite, 'build', '--config', join('console', 'vite.config.ts')],
    cwd: ROOT,
    env: { ...process.env, NODE_ENV: 'production' },
    onLine: (line) => {
      lines.push(line);
    },
  });
  const end = (): void => void child.stop({ signals: ['SIGTERM'], deadlineMs: 2_000 });
  const limit = setTimeout(end, BUILD_MS);
  signal?.addEventListener('abort', end, { once: true });
  const exit = await child.exited;
  clearTimeout(limit);
  signal?.removeEventListener('abort', end);
  signal?.throwIfAborted();
  if (exit.code === 0) return;
  throw new StartFailure(
    EXIT.failed,
    `The console could not be built (${exit.signal ?? exit.code}):\n${lines.slice(-20).join('\n')}`,
  );
}

/** The newest change at or below the path; dist/ is what is made, not what it is made of. */
function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const names = readdirSync(path).filter((name) => name !== 'dist' && name !== 'node_modules');
  // The folder's own time tells of a file that was removed; making dist/ changes it too, before dist/ is filled.
  return Math.max(...names.map((name) => newestMs(join(path, name))), 0);
}

function modifiedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
