import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deleteNote } from '../src/delete.js';
import { openStore } from '../src/store.js';

function storeWithOne() {
  const store = openStore();
  store.notes.set(1, { id: 1, title: 'Milk', body: '', tags: [], createdAt: 1000, updatedAt: 1000 });
  return store;
}

test('a deleted note is returned and gone', () => {
  const store = storeWithOne();

  const note = deleteNote(store, 1);

  assert.equal(note.title, 'Milk');
  assert.equal(store.notes.has(1), false);
});

test('deleting a note twice says that it is not there', () => {
  const store = storeWithOne();
  deleteNote(store, 1);

  assert.throws(() => deleteNote(store, 1), { code: 'NOT_FOUND' });
});
