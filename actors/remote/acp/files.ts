/**
 * The files that an agent reads and writes through us: those of its working copy, and no others.
 *
 * F1. A path is absolute, and where it really leads, through all symbolic links, is inside the working copy.
 * F2. What is opened is what was checked: a link that is put in its place meanwhile is not followed.
 * F3. git's own files are not written: they say which programs git runs.
 * F4. Only regular files, up to `BYTES_MAX`.
 */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { RefusedAsk } from './link.ts';

export const BYTES_MAX = 10 * 1_024 * 1_024;

const { O_RDONLY, O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

export interface ReadWish {
  readonly path: string;
  /** The first line, from 1; null: from the beginning. */
  readonly line: number | null;
  /** How many lines; null: all. */
  readonly limit: number | null;
}

/** Reads text. Throws `RefusedAsk` with the reason. */
export async function readTextFile(root: string, { path, line, limit }: ReadWish): Promise<string> {
  const place = await locate(root, path);
  if (place.missing.length > 0) throw new RefusedAsk('missing', `there is no file ${path}`);
  await using file = await openPlace(place, O_RDONLY, path);
  const { size } = await file.stat();
  if (size > BYTES_MAX)
    throw new RefusedAsk('invalid', `${path} has ${size} bytes; at most ${BYTES_MAX} are read`);
  const text = await file.readFile('utf8');
  if (line === null && limit === null) return text;
  const from = Math.max(0, (line ?? 1) - 1);
  const lines = text.split('\n');
  return lines.slice(from, limit === null ? undefined : from + limit).join('\n');
}

/** Writes the whole file; folders on its way are made. Throws `RefusedAsk` with the reason. */
export async function writeTextFile(root: string, path: string, content: string): Promise<void> {
  if (Buffer.byteLength(content) > BYTES_MAX)
    throw new RefusedAsk('invalid', `${path}: at most ${BYTES_MAX} bytes are written at once`);
  const place = await locate(root, path);
  if (isOfGit(place)) throw new RefusedAsk('invalid', `${path} belongs to git: it is not written`);
  if (place.missing.length > 1) await makeFolders(place);
  await using file = await openPlace(place, O_WRONLY | O_CREAT, path);
  await file.truncate(0);
  await file.writeFile(content, 'utf8');
}

/** Where a folder really is. Throws `RefusedAsk` where that is not inside, or not there. */
export async function locateFolder(root: string, path: string): Promise<string> {
  const { existing, missing } = await locate(root, path);
  if (missing.length > 0) throw new RefusedAsk('missing', `there is no folder ${path}`);
  return existing;
}

interface Place {
  /** The real path of the working copy, and of the deepest part of the path that exists. */
  readonly root: string;
  readonly existing: string;
  /** The names behind it. */
  readonly missing: readonly string[];
}

async function locate(root: string, path: string): Promise<Place> {
  if (!isAbsolute(path) || path.includes('\0'))
    throw new RefusedAsk('invalid', `${path} is not an absolute path`);
  const realRoot = await realpath(root);
  let existing = resolve(path);
  const missing: string[] = [];
  for (;;) {
    const real = await realpath(existing).catch(() => null);
    if (real !== null) {
      existing = real;
      break;
    }
    // A link that leads nowhere is no name that is free: what is written there would be made where it leads.
    const isLink = (await readlink(existing).catch(() => null)) !== null;
    if (isLink) throw new RefusedAsk('invalid', `${path} leads through a link to nowhere`);
    missing.unshift(basename(existing));
    existing = dirname(existing);
  }
  if (!isInside(realRoot, existing))
    throw new RefusedAsk('invalid', `${path} is outside the working copy ${root}`);
  return { root: realRoot, existing, missing };
}

function isInside(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

function isOfGit({ root, existing, missing }: Place): boolean {
  const names = relative(root, join(existing, ...missing)).split(sep);
  // On file systems that do not tell cases apart, .GIT is git's too.
  return names.some((name) => name.toLowerCase() === '.git');
}

async function makeFolders({ root, existing, missing }: Place): Promise<void> {
  const folder = join(existing, ...missing.slice(0, -1));
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw new RefusedAsk('invalid', `${folder} cannot be made: ${describe(error)}`);
  });
  if (!isInside(root, await realpath(folder)))
    throw new RefusedAsk('invalid', `${folder} has become a way out`);
}

async function openPlace(
  { root, existing, missing }: Place,
  flags: number,
  path: string,
): Promise<FileHandle> {
  const target = join(existing, ...missing);
  // Without waiting: a pipe that nobody writes to would hold us up for ever.
  const file = await open(target, flags | O_NOFOLLOW | O_NONBLOCK, 0o666).catch((error: unknown) => {
    throw new RefusedAsk('invalid', `${path} cannot be opened: ${describe(error)}`);
  });
  try {
    if (!(await file.stat()).isFile()) throw new RefusedAsk('invalid', `${path} is no file`);
    // Where the system tells where an open file is, a folder that was swapped meanwhile is seen.
    const opened = await readlink(`/proc/self/fd/${file.fd}`).catch(() => target);
    if (!isInside(root, opened))
      throw new RefusedAsk('invalid', `${path} is outside the working copy ${root}`);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
