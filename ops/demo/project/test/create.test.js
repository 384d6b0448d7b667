import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNote } from '../src/create.js';
import { openStore } from '../src/store.js';

test('a new note gets an id, a trimmed title and its time', () => {
  const store = openStore({ now: () => 1000 });

  const note = createNote(store, { title: '  Milk ', body: 'two litres', tags: ['shop', 'shop'] });

  assert.deepEqual(note, {
    id: 1,
    title: 'Milk',
    body: 'two litres',
    tags: ['shop'],
    createdAt: 1000,
    updatedAt: 1000,
  });
});

test('an empty title is refused and nothing is stored', () => {
  const store = openStore();

  assert.throws(() => createNote(store, { title: '   ' }), { code: 'INVALID' });

  assert.equal(store.notes.size, 0);
});

test('an id is never given out again, also after its note is gone', () => {
  const store = openStore();
  createNote(store, { title: 'first' });
  createNote(store, { title: 'second' });
  store.notes.delete(1);

  const third = createNote(store, { title: 'third' });

  assert.equal(third.id, 3);
  assert.equal(store.notes.get(2).title, 'second');
});
