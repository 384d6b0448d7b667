import { expect, test } from 'vitest';
import { parseDiff, rowsOfDiff } from './unified-diff.ts';

const PATCH = `diff --git a/src/store.js b/src/store.js
index 83db48f..bf269f4 100644
--- a/src/store.js
+++ b/src/store.js
@@ -1,4 +1,5 @@ export class Store
 one
-two
---- three
+2
++++ 3
+4
 five
\\ No newline at end of file
diff --git a/a b.txt b/a b.txt
new file mode 100644
--- /dev/null
+++ b/a b.txt
@@ -0,0 +1 @@
+hello
`;

test('files, hunks and lines with both their numbers are read, also lines that look like heads', () => {
  const [store, other] = parseDiff(PATCH);

  expect(store).toMatchObject({ path: 'src/store.js', kind: 'modified', additions: 3, deletions: 2 });
  expect(store?.hunks[0]?.context).toBe('export class Store');
  expect(
    store?.hunks[0]?.lines.map(({ type, oldNumber, newNumber, text }) => [type, oldNumber, newNumber, text]),
  ).toEqual([
    ['same', 1, 1, 'one'],
    ['delete', 2, null, 'two'],
    ['delete', 3, null, '--- three'],
    ['add', null, 2, '2'],
    ['add', null, 3, '+++ 3'],
    ['add', null, 4, '4'],
    ['same', 4, 5, 'five'],
    ['note', null, null, 'No newline at end of file'],
  ]);
  expect(other).toMatchObject({ path: 'a b.txt', kind: 'added', additions: 1 });
});

test('renamed, deleted and binary files are told apart, and quoted paths are read', () => {
  const files = parseDiff(
    [
      'diff --git a/old.js b/new.js',
      'similarity index 100%',
      'rename from old.js',
      'rename to new.js',
      'diff --git a/gone.js b/gone.js',
      'deleted file mode 100644',
      '--- a/gone.js',
      '+++ /dev/null',
      '@@ -1 +0,0 @@',
      '-x',
      'diff --git "a/gr\\303\\274n.png" "b/gr\\303\\274n.png"',
      'Binary files differ',
    ].join('\n'),
  );

  expect(files.map(({ path, oldPath, kind }) => [path, oldPath, kind])).toEqual([
    ['new.js', 'old.js', 'renamed'],
    ['gone.js', null, 'deleted'],
    ['grün.png', null, 'binary'],
  ]);
});

test('a patch without lines of git is read as well, and what is no patch has no files', () => {
  expect(parseDiff('--- a/x\t2026-01-01\n+++ b/x\t2026-01-01\n@@ -1 +1 @@\n-a\n+b\n')).toMatchObject([
    { path: 'x', additions: 1, deletions: 1 },
  ]);
  expect(parseDiff('')).toEqual([]);
  expect(parseDiff('hello\nthere')).toEqual([]);
});

test('the rows of a diff stand in its order', () => {
  expect(rowsOfDiff(parseDiff(PATCH)).map(({ type }) => type)).toEqual([
    ...['file', 'hunk', ...Array(8).fill('line')],
    ...['file', 'hunk', 'line'],
  ]);
});
