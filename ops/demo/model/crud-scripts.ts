/** The scripts for the demo's project (ops/demo/project): each task reads its file, mends it and runs its tests. */
import type { AnswerStep, CallStep, Script } from './script.ts';

const CREATE: readonly CallStep[] = [
  read('src/create.js', 'I read how a note is created.'),
  edit('src/create.js', {
    say: 'The id comes from the number of notes, so it is given out again after a note was deleted. The store counts.',
    from: '    id: store.notes.size + 1,\n',
    to: '    id: store.nextId,\n',
  }),
  edit('src/create.js', {
    from: '  store.notes.set(note.id, note);\n',
    to: '  store.notes.set(note.id, note);\n  store.nextId += 1;\n',
  }),
  bash('node --test test/create.test.js', 'Now the tests of this operation.'),
];

const READ: readonly CallStep[] = [
  read('src/read.js', 'I read how notes are listed.'),
  edit('src/read.js', {
    say: 'The first page is page 1, but the start is counted from page 0: the newest notes are skipped.',
    from: 'const start = page * pageSize;',
    to: 'const start = (page - 1) * pageSize;',
  }),
  bash('node --test test/read.test.js', 'Now the tests of this operation.'),
];

const UPDATE: readonly CallStep[] = [
  read('src/update.js', 'I read how a note is changed.'),
  edit('src/update.js', {
    say: 'An empty body counts as not given. Only a missing one is.',
    from: 'note.body = changes.body || note.body;',
    to: 'note.body = changes.body ?? note.body;',
  }),
  bash('node --test test/update.test.js', 'Now the tests of this operation.'),
];

const DELETE_FILE = `import { findNote } from './store.js';

/** Takes a note out of the store and returns what it was. */
export function deleteNote(store, id) {
  const note = findNote(store, id);
  store.notes.delete(id);
  return structuredClone(note);
}
`;

const DELETE: readonly CallStep[] = [
  read('src/delete.js', 'I read what is there of deleting.'),
  write(
    'src/delete.js',
    DELETE_FILE,
    'The function is missing. I write it, with the errors that reading has.',
  ),
  bash('node --test test/delete.test.js', 'Now the tests of this operation.'),
];

const LIFECYCLE_TEST = `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNote } from '../src/create.js';
import { deleteNote } from '../src/delete.js';
import { listNotes } from '../src/read.js';
import { openStore } from '../src/store.js';
import { updateNote } from '../src/update.js';

test('a hundred notes are created, half of them changed, a third deleted, and the pages agree', () => {
  const store = openStore();
  for (let number = 1; number <= 100; number += 1) createNote(store, { title: \`note \${number}\` });

  for (let id = 2; id <= 100; id += 2) updateNote(store, id, { tags: ['changed'] });
  for (let id = 3; id <= 100; id += 3) deleteNote(store, id);

  const pages = [1, 2, 3, 4, 5, 6, 7].map((page) => listNotes(store, { page, pageSize: 10 }));
  assert.equal(pages[0].total, 67);
  assert.equal(pages.flatMap((page) => page.notes).length, 67);
  assert.equal(listNotes(store, { tag: 'changed' }).total, 34);
});
`;

const TEST_ALL: readonly CallStep[] = [
  bash('node --test', 'All four operations are merged here. I run every test.'),
  write(
    'test/lifecycle.test.js',
    LIFECYCLE_TEST,
    'One test is missing: many notes through all four operations.',
  ),
  read('README.md', 'The README still says that tests fail.'),
  edit('README.md', {
    from: 'Run the tests with `npm test`. Some of them fail: three operations have a bug each, and one was never written.',
    to: 'Run the tests with `npm test`. `test/lifecycle.test.js` takes a hundred notes through all four operations.',
  }),
  bash('node --test', 'Once more, with the new test.'),
];

export const CRUD_SCRIPTS: readonly Script[] = [
  script('create', /^implement create\b/i, [
    ...CREATE,
    passed('Ids now come from the store and are never given out again. All tests of `create` pass.'),
  ]),
  script('read', /^implement read\b/i, [
    ...READ,
    passed('The first page now begins with the newest note. All tests of `read` pass.'),
  ]),
  script('update', /^implement update\b/i, [
    ...UPDATE,
    passed('A body can be emptied now. All tests of `update` pass.'),
  ]),
  script('delete', /^implement delete\b/i, [
    ...DELETE,
    passed('`deleteNote` exists now. All tests of `delete` pass.'),
  ]),
  script('test', /^test the create, read, update and delete/i, [
    ...TEST_ALL,
    passed('All operations work together: every test passes, also the new `test/lifecycle.test.js`.'),
  ]),
  script('whole store', /make the tests pass/i, [
    ...CREATE,
    ...READ,
    ...UPDATE,
    ...DELETE,
    ...TEST_ALL,
    passed('Three bugs mended, the missing function written, and every test passes.'),
  ]),
];

function script(name: string, match: RegExp, steps: Script['steps']): Script {
  return { name, match, steps };
}

function read(file: string, say: string): CallStep {
  return { type: 'call', say, tool: 'read', arguments: { filePath: `{directory}/${file}` } };
}

function edit(file: string, change: { say?: string; from: string; to: string }): CallStep {
  const say = change.say === undefined ? {} : { say: change.say };
  return {
    type: 'call',
    ...say,
    tool: 'edit',
    arguments: { filePath: `{directory}/${file}`, oldString: change.from, newString: change.to },
  };
}

function write(file: string, content: string, say: string): CallStep {
  return { type: 'call', say, tool: 'write', arguments: { filePath: `{directory}/${file}`, content } };
}

function bash(command: string, say: string): CallStep {
  return { type: 'call', say, tool: 'bash', arguments: { command } };
}

function passed(text: string): AnswerStep {
  return {
    type: 'answer',
    text,
    needs: 'fail 0',
    otherwise: 'The change is made, but the tests do not all pass: see the output of the last run.',
  };
}
