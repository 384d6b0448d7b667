import { expect, test } from 'vitest';
import { changedLines, draftOf, readDraft } from './letter-draft.ts';

test('an edit begins with what would be sent now; with nothing where what came is no envelope', () => {
  const body = { id: 'm1', message: { type: 'add', by: 'five' } };

  expect(draftOf({ edited: null, body })).toBe('{\n  "type": "add",\n  "by": "five"\n}');
  expect(JSON.parse(draftOf({ edited: { message: { type: 'add', by: 5 } }, body }))).toEqual({
    type: 'add',
    by: 5,
  });
  expect(JSON.parse(draftOf({ edited: null, body: 'no json' }))).toEqual({ type: '' });
});

test('a draft is a message or says what is wrong and where', () => {
  expect(readDraft('{"type":"add","by":5}')).toEqual({ message: { type: 'add', by: 5 } });
  expect(readDraft('{\n  "type": "add",\n  "by": \n}')).toMatchObject({ line: 4 });
  expect(readDraft('[]')).toMatchObject({ fault: expect.stringContaining('an object') });
  for (const text of ['null', '{}', '{"type":5}', '{"type":""}', '']) {
    expect(readDraft(text), text).toHaveProperty('fault');
  }
});

test('what an edit changes is counted by lines', () => {
  expect(changedLines('a\nb\nc', 'a\nx\nc')).toBe(1);
  expect(changedLines('a', 'a\nb\nc')).toBe(2);
});
