/** Where the notes are kept, and what the operations share. */

/**
 * Starts an empty store. `now` is asked for the time, so that a test can decide it.
 * Ids are given out once and never again, also after their note is gone.
 */
export function openStore({ now = Date.now } = {}) {
  return { notes: new Map(), nextId: 1, now };
}

/** What every operation throws when it is asked for something that cannot be done. */
export class NoteError extends Error {
  constructor(code, message) {
    super(message);
    this.name = 'NoteError';
    this.code = code;
  }
}

/** The note with this id, or an error that says which one is missing. */
export function findNote(store, id) {
  const note = store.notes.get(id);
  if (note === undefined) throw new NoteError('NOT_FOUND', `there is no note ${id}`);
  return note;
}

/** Titles carry no spaces around them and are never empty. */
export function parseTitle(title) {
  if (typeof title !== 'string') throw new NoteError('INVALID', 'a title is a text');
  const trimmed = title.trim();
  if (trimmed === '') throw new NoteError('INVALID', 'a title is not empty');
  return trimmed;
}
