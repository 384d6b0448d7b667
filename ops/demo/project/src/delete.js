// deleteNote(store, id) belongs here: it takes a note out of the store and returns what it was;
// for an id that is not there it throws the same error as reading does.
