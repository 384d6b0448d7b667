/**
 * A Python with the packages of the SDK's lock file: found on the PATH, its packages in an environment below the cache
 * folder, each checked against its hash. The environment is made beside its place and renamed, so that starts may race,
 * and bears the hash of the lock: a changed lock makes another one.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export const PYTHON_PACKAGE = join(import.meta.dirname, '..', '..', 'actors', 'remote', 'python');

export interface PythonTools {
  /** The interpreter that has the packages of the lock. */
  readonly python: string;
  /** Of the environment, for what the tools themselves keep. */
  readonly cache: string;
  /** So that programs import the SDK of this tree. */
  readonly environment: Readonly<Record<string, string>>;
}

const LOCK = join(PYTHON_PACKAGE, 'requirements.lock');
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const LOOK = 'import ensurepip, sys, venv; print(sys.version_info >= (3, 11), sys.implementation.cache_tag)';
const LOOK_MS = 10_000;
const INSTALL_MS = 300_000;

const run = promisify(execFile);

/** Throws with what to do where there is no Python that will do. */
export async function preparePython(env: NodeJS.ProcessEnv): Promise<PythonTools> {
  const found = await findPython();
  const lock = createHash('sha256')
    .update(await readFile(LOCK))
    .update(found.tag)
    .digest('hex');
  const root = join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), '.cache'), 'oio', 'python');
  const folder = join(root, lock.slice(0, 16));
  if (!existsSync(folder)) await install(found.python, root, folder);
  return {
    python: join(folder, 'bin', 'python'),
    cache: join(folder, 'cache'),
    environment: { PYTHONPATH: join(PYTHON_PACKAGE, 'src'), PYTHONDONTWRITEBYTECODE: '1' },
  };
}

async function findPython(): Promise<{ readonly python: string; readonly tag: string }> {
  const tried: string[] = [];
  for (const python of CANDIDATES) {
    try {
      const { stdout } = await run(python, ['-c', LOOK], { timeout: LOOK_MS });
      const [isNewEnough, tag = ''] = stdout.trim().split(' ');
      if (isNewEnough === 'True') return { python, tag };
      tried.push(`${python} is ${tag}`);
    } catch (error) {
      tried.push(`${python}: ${String(error instanceof Error ? error.message : error).split('\n')[0]}`);
    }
  }
  throw new Error(
    [
      'There is no Python 3.11 or newer with venv. Tried:',
      ...tried.map((line) => `  - ${line}`),
      'On Debian: apt-get install python3-venv.',
    ].join('\n'),
  );
}

async function install(python: string, root: string, folder: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const beside = await mkdtemp(join(root, '.new-'));
  const options = { timeout: INSTALL_MS, maxBuffer: 2 ** 24 };
  try {
    await run(python, ['-m', 'venv', beside], options);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
    const locked = ['--require-hashes', '--only-binary', ':all:', '--requirement', LOCK];
    await run(join(beside, 'bin', 'python'), [...pip, ...locked], options);
    await rename(beside, folder);
  } catch (error) {
    await rm(beside, { recursive: true, force: true });
    // Another one was quicker.
    if (!existsSync(folder)) throw error;
  }
}
