import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNote } from '../src/create.js';
import { deleteNote } from '../src/delete.js';
import { listNotes, readNote } from '../src/read.js';
import { openStore } from '../src/store.js';
import { updateNote } from '../src/update.js';

test('a note lives: created, found, changed, deleted, and its id stays its own', () => {
  let clock = 0;
  const store = openStore({ now: () => (clock += 1000) });
  const milk = createNote(store, { title: 'Milk', body: 'two litres' });
  const bread = createNote(store, { title: 'Bread' });

  updateNote(store, bread.id, { title: 'Rye bread' });
  updateNote(store, milk.id, { body: '' });
  deleteNote(store, milk.id);
  const eggs = createNote(store, { title: 'Eggs' });

  assert.throws(() => readNote(store, milk.id), { code: 'NOT_FOUND' });
  assert.notEqual(eggs.id, bread.id);
  assert.deepEqual(
    listNotes(store).notes.map((note) => note.title),
    ['Eggs', 'Rye bread'],
  );
});
