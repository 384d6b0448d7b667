import { parseTitle } from './store.js';

/** Adds a note and returns a copy of it. */
export function createNote(store, { title, body = '', tags = [] }) {
  const createdAt = store.now();
  const note = {
    id: store.notes.size + 1,
    title: parseTitle(title),
    body,
    tags: [...new Set(tags)],
    createdAt,
    updatedAt: createdAt,
  };
  store.notes.set(note.id, note);
  return structuredClone(note);
}
