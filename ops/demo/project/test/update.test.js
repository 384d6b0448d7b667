import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openStore } from '../src/store.js';
import { updateNote } from '../src/update.js';

function storeWithOne() {
  const store = openStore({ now: () => 2000 });
  store.notes.set(1, { id: 1, title: 'Milk', body: 'two litres', tags: ['shop'], createdAt: 1000, updatedAt: 1000 });
  return store;
}

test('only the given fields change, and the time of the change is kept', () => {
  const note = updateNote(storeWithOne(), 1, { title: 'Oat milk' });

  assert.deepEqual(note, {
    id: 1,
    title: 'Oat milk',
    body: 'two litres',
    tags: ['shop'],
    createdAt: 1000,
    updatedAt: 2000,
  });
});

test('a body can be emptied', () => {
  const note = updateNote(storeWithOne(), 1, { body: '' });

  assert.equal(note.body, '');
});

test('an empty title is refused, and a missing note is named', () => {
  assert.throws(() => updateNote(storeWithOne(), 1, { title: ' ' }), { code: 'INVALID' });
  assert.throws(() => updateNote(storeWithOne(), 2, { title: 'x' }), { code: 'NOT_FOUND' });
});
