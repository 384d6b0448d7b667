import { findNote, parseTitle } from './store.js';

/** Changes the given fields of a note, leaves the others as they are and returns a copy. */
export function updateNote(store, id, changes) {
  const note = findNote(store, id);
  note.title = changes.title === undefined ? note.title : parseTitle(changes.title);
  note.body = changes.body || note.body;
  note.tags = changes.tags ? [...new Set(changes.tags)] : note.tags;
  note.updatedAt = store.now();
  return structuredClone(note);
}
