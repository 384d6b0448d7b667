/** A project for tests, elsewhere, in which the packed SDK is installed with what it says that it needs and nothing else. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PACKAGE_NAME, packSdk } from './package-files.ts';

const run = promisify(execFile);
const MODULES = join(import.meta.dirname, '..', '..', 'node_modules');

/** Makes the project in `folder`. Resolves with the names of what the package depends on. */
export async function makeProject(folder: string): Promise<string[]> {
  const place = join(folder, 'node_modules', PACKAGE_NAME);
  await mkdir(place, { recursive: true });
  await run('tar', ['-xzf', await packSdk(folder), '-C', place, '--strip-components=1']);
  const manifest = JSON.parse(await readFile(join(place, 'package.json'), 'utf8'));
  const { dependencies } = z.object({ dependencies: z.record(z.string(), z.string()) }).parse(manifest);
  const names = Object.keys(dependencies);
  for (const name of names) await link(folder, name);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  return names;
}

/** Another package of this repository for the project. */
export async function link(folder: string, name: string): Promise<void> {
  const place = join(folder, 'node_modules', name);
  await mkdir(dirname(place), { recursive: true });
  await symlink(join(MODULES, name), place);
}
