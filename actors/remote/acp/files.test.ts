/** In temporary folders: whatever path an agent names, nothing outside its working copy is read or changed. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BYTES_MAX, locateFolder, readTextFile, writeTextFile } from './files.ts';
import { RefusedAsk } from './link.ts';

let outer: string;
let root: string;
const whole = { line: null, limit: null };

beforeEach(() => {
  outer = realpathSync(mkdtempSync(join(tmpdir(), 'oio-files-')));
  root = join(outer, 'copy');
  mkdirSync(join(root, 'src'), { recursive: true });
  mkdirSync(join(outer, 'copy-other'));
  writeFileSync(join(outer, 'secret'), 'secret');
  writeFileSync(join(outer, 'copy-other', 'secret'), 'secret');
  writeFileSync(join(root, 'src', 'a.txt'), 'one\ntwo\nthree\n');
  symlinkSync(outer, join(root, 'out'));
  symlinkSync(join(outer, 'secret'), join(root, 'link'));
  symlinkSync('src', join(root, 'inside'));
  symlinkSync('../nowhere', join(root, 'dangling'));
  symlinkSync('loop', join(root, 'loop'));
  writeFileSync(join(root, '.git'), 'gitdir: /x\n');
});

afterEach(() => rmSync(outer, { recursive: true, force: true }));

/** Everything below a folder but the working copy, with its content. */
function outside(folder = outer): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      if (path === root) return [];
      if (statSync(path).isDirectory()) return [[path, 'folder'], ...Object.entries(outside(path))];
      return [[path, readFileSync(path, 'utf8')]];
    }),
  );
}

const segment = fc.constantFrom(
  ...['..', '.', '', 'src', 'a.txt', 'out', 'link', 'inside', 'dangling', 'loop', 'copy', 'copy-other'],
  ...['secret', 'new', 'deep', '.git', ' ', '...', '..\\..', '%2e%2e', '~', '\0', 'a\nb', 'ü'],
);
const base = fc.constantFrom<(() => string)[]>(
  () => root,
  () => `${root}/src`,
  () => outer,
  () => '/',
  () => `${root}-other`,
  () => '',
);
const anyPath = fc.tuple(base, fc.array(segment, { maxLength: 6 })).map(
  ([from, names]) =>
    () =>
      [from(), ...names].join('/'),
);

test('whatever path is named, nothing outside the working copy is read or changed', async () => {
  const before = outside();

  await fc.assert(
    fc.asyncProperty(anyPath, fc.boolean(), async (makePath, isRead) => {
      const path = makePath();
      const deed = isRead ? readTextFile(root, { path, ...whole }) : writeTextFile(root, path, 'changed');
      const outcome = await deed.then(
        (text) => text ?? '',
        (error: unknown) => error,
      );
      expect(outside()).toEqual(before);
      expect(outcome === 'secret').toBe(false);
      if (typeof outcome !== 'string') expect(outcome).toBeInstanceOf(RefusedAsk);
      else expect(resolve(path).startsWith(root + sep)).toBe(true);
    }),
    { numRuns: 400 },
  );
  expect(readFileSync(join(root, '.git'), 'utf8')).toBe('gitdir: /x\n');
});

test('files inside are read and written, through links inside too, and folders are made on the way', async () => {
  await writeTextFile(root, join(root, 'inside', 'b.txt'), 'b');
  await writeTextFile(root, join(root, 'new', 'deep', 'c.txt'), 'c');
  await writeTextFile(root, join(root, 'src', 'a.txt'), 'short');

  expect(await readTextFile(root, { path: join(root, 'src', 'b.txt'), ...whole })).toBe('b');
  expect(readFileSync(join(root, 'new', 'deep', 'c.txt'), 'utf8')).toBe('c');
  expect(readFileSync(join(root, 'src', 'a.txt'), 'utf8')).toBe('short');
});

test('some lines are read where they are asked for', async () => {
  const path = join(root, 'src', 'a.txt');

  expect(await readTextFile(root, { path, line: 2, limit: 1 })).toBe('two');
  expect(await readTextFile(root, { path, line: 2, limit: null })).toBe('two\nthree\n');
  expect(await readTextFile(root, { path, line: 9, limit: 5 })).toBe('');
});

test('a pipe, a folder, what is not there and what is too large are refused, and nothing waits', async () => {
  execFileSync('mkfifo', [join(root, 'pipe')]);
  writeFileSync(join(root, 'large'), Buffer.alloc(BYTES_MAX + 1, 97));
  const read = (name: string) => readTextFile(root, { path: join(root, name), ...whole });

  await expect(read('pipe')).rejects.toThrow('no file');
  await expect(read('src')).rejects.toThrow(RefusedAsk);
  await expect(read('gone')).rejects.toMatchObject({ kind: 'missing' });
  await expect(read('large')).rejects.toThrow('at most');
  await expect(writeTextFile(root, join(root, 'x'), 'a'.repeat(BYTES_MAX + 1))).rejects.toThrow('at most');
  await expect(writeTextFile(root, join(root, '.GIT', 'config'), 'x')).rejects.toThrow('git');
  expect(existsSync(join(root, 'x'))).toBe(false);
});

test('a command works in a folder inside, and nowhere else', async () => {
  expect(await locateFolder(root, join(root, 'inside'))).toBe(join(root, 'src'));
  await expect(locateFolder(root, outer)).rejects.toThrow('outside');
  await expect(locateFolder(root, join(root, 'out'))).rejects.toThrow('outside');
  await expect(locateFolder(root, 'src')).rejects.toThrow('absolute');
});

test('a file that has another name outside keeps it: names are what is guarded', async () => {
  linkSync(join(outer, 'secret'), join(root, 'hard'));

  expect(await readTextFile(root, { path: join(root, 'hard'), ...whole })).toBe('secret');
});
