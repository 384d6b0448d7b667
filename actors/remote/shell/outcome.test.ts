import { expect, test } from 'vitest';
import { errorOf, lastLines, toReport, toWord } from './outcome.ts';

const limits = { memoryBytesMax: 1_024 * 1_024, outputBytesMax: 1_024 * 1_024, graceMs: 1_000 };

test('a line of output is a note, and a percentage at its beginning is the progress', () => {
  expect(toReport('compiling a.c')).toEqual({ note: 'compiling a.c' });
  expect(toReport(' 42.5% linking')).toEqual({ percent: 42.5, note: 'linking' });
  expect(toReport('100%')).toEqual({ percent: 100 });
  expect(toReport('999% of it')).toEqual({ percent: 100, note: 'of it' });
  expect(toReport('   ')).toBeNull();
});

test('a line with the mark speaks to the orchestrator: of a training its curve, of its end the model', () => {
  expect(toWord('::oio {"percent": 50, "training": {"points": [{"step": 1, "loss": 2}]}}')).toEqual({
    percent: 50,
    training: { phase: 'training', points: [{ step: 1, loss: 2 }] },
  });
  expect(toWord('::oio {"output": {"model": "acme/fixer"}}')).toEqual({ output: { model: 'acme/fixer' } });
  for (const line of ['::oio {', '::oio {"percent": 101}', 'said ::oio {}', '{"percent": 1}']) {
    expect(toWord(line)).toBeNull();
  }
});

test('the summary is the end of the output, without empty lines', () => {
  const lines = Array.from({ length: 50 }, (_, at) => `line ${at}`).join('\n\n');

  expect(lastLines(Buffer.from(`${lines}\n`)).split('\n')).toHaveLength(20);
  expect(lastLines(Buffer.from(`${lines}\n`))).toMatch(/line 49$/);
  expect(lastLines(Buffer.alloc(0))).toBe('');
});

test('the exit code decides, and only one that says "later" is worth another attempt', () => {
  expect(errorOf({ type: 'exited', code: 0 }, limits)).toBeNull();
  expect(errorOf({ type: 'exited', code: 1 }, limits)).toMatchObject({
    code: 'COMMAND_FAILED',
    retryable: false,
  });
  expect(errorOf({ type: 'exited', code: 75 }, limits)).toMatchObject({ retryable: true });
  expect(errorOf({ type: 'memory' }, limits)).toMatchObject({ code: 'MEMORY_LIMIT', retryable: false });
  expect(errorOf({ type: 'killed', signal: 'SIGKILL' }, limits)).toMatchObject({ retryable: true });
});
