import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listNotes, readNote } from '../src/read.js';
import { openStore } from '../src/store.js';

/** A store with notes 1 to `count`, each a second younger than the one before. */
function storeWith(count) {
  const store = openStore();
  for (let id = 1; id <= count; id += 1) {
    const tags = id % 2 === 0 ? ['even'] : [];
    store.notes.set(id, { id, title: `note ${id}`, body: '', tags, createdAt: id * 1000, updatedAt: id * 1000 });
  }
  return store;
}

test('a note is read by its id, as a copy', () => {
  const store = storeWith(1);

  readNote(store, 1).title = 'changed outside';

  assert.equal(readNote(store, 1).title, 'note 1');
});

test('reading a note that is not there says so', () => {
  assert.throws(() => readNote(storeWith(0), 7), { code: 'NOT_FOUND' });
});

test('the first page has the newest notes', () => {
  const { notes, total, pages } = listNotes(storeWith(5), { pageSize: 2 });

  assert.deepEqual(
    notes.map((note) => note.id),
    [5, 4],
  );
  assert.equal(total, 5);
  assert.equal(pages, 3);
});

test('the last page has what is left, and only notes with the tag are counted', () => {
  const last = listNotes(storeWith(5), { page: 3, pageSize: 2 });
  const tagged = listNotes(storeWith(5), { tag: 'even' });

  assert.deepEqual(
    last.notes.map((note) => note.id),
    [1],
  );
  assert.equal(tagged.total, 2);
});
