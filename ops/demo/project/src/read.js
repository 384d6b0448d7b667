import { findNote } from './store.js';

/** One note by its id, as a copy: changing it does not change the store. */
export function readNote(store, id) {
  return structuredClone(findNote(store, id));
}

/** One page of the notes, newest first; the first page is page 1. */
export function listNotes(store, { tag, page = 1, pageSize = 10 } = {}) {
  const found = [...store.notes.values()]
    .filter((note) => tag === undefined || note.tags.includes(tag))
    .sort((a, b) => b.createdAt - a.createdAt || b.id - a.id);
  const start = page * pageSize;
  return {
    notes: found.slice(start, start + pageSize).map((note) => structuredClone(note)),
    total: found.length,
    pages: Math.ceil(found.length / pageSize),
  };
}
