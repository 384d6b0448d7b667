import type { AssistantMessage, Part } from '@opencode-ai/sdk/v2/client';
import { expect, test } from 'vitest';
import { readEnding, type SessionMessage, sumUp, toFailure } from './outcome.ts';

test('an answer ends a session, and its text is the last message alone', () => {
  const messages = [
    assistant({ finish: 'tool-calls' }, [text('I look.'), step()]),
    assistant({ finish: 'stop' }, [text('All '), text('done.'), step()]),
  ];

  expect(readEnding(messages)).toEqual({ type: 'answered', text: 'All \ndone.' });
  expect(sumUp(messages)).toMatchObject({ steps: 2, toolCalls: 0, costUsd: 0.5 });
  expect(sumUp(messages).tokens).toEqual({ input: 20, output: 4, reasoning: 0, cacheRead: 6, cacheWrite: 2 });
});

test('without an answer, or with one that is not finished, a session is open', () => {
  expect(readEnding([])).toEqual({ type: 'open' });
  expect(readEnding([assistant({ time: { created: 1 } }, [])])).toEqual({ type: 'open' });
});

test('an end in the middle of tool calls is no answer', () => {
  const ending = readEnding([assistant({ finish: 'tool-calls' }, [text('I ask.')])]);

  expect(ending).toMatchObject({ type: 'failed', failure: { code: 'BLOCKED', retryable: false } });
});

test('an error of the last message decides, and says whether another try may help', () => {
  const limited = {
    name: 'APIError',
    data: { message: 'slow down', statusCode: 429, isRetryable: true },
  } as const;
  const locked = {
    name: 'APIError',
    data: { message: 'no key', statusCode: 401, isRetryable: false },
  } as const;
  const wrong = { name: 'APIError', data: { message: 'bad', statusCode: 400, isRetryable: false } } as const;
  const overflow = { name: 'ContextOverflowError', data: { message: 'too long' } } as const;

  expect(readEnding([assistant({ error: limited }, [])])).toMatchObject({
    type: 'failed',
    failure: { code: 'MODEL_UNAVAILABLE', retryable: true, message: 'slow down (HTTP 429)' },
  });
  expect(toFailure(locked)).toMatchObject({ code: 'MODEL_AUTH_FAILED', retryable: false });
  expect(toFailure(wrong)).toMatchObject({ code: 'MODEL_REFUSED', retryable: false });
  expect(toFailure(overflow)).toMatchObject({ code: 'CONTEXT_OVERFLOW', retryable: false });
});

function assistant(fields: Partial<AssistantMessage>, parts: readonly Part[]): SessionMessage {
  return {
    info: {
      id: 'msg_1',
      sessionID: 'ses_1',
      role: 'assistant',
      time: { created: 1, completed: 2 },
      parentID: 'msg_0',
      modelID: 'demo',
      providerID: 'scripted',
      mode: 'build',
      agent: 'build',
      path: { cwd: '/project', root: '/project' },
      cost: 0.25,
      tokens: { input: 10, output: 2, reasoning: 0, cache: { read: 3, write: 1 } },
      ...fields,
    },
    parts,
  };
}

const ids = { id: 'prt_1', sessionID: 'ses_1', messageID: 'msg_1' };

function text(said: string): Part {
  return { ...ids, type: 'text', text: said };
}

function step(): Part {
  return {
    ...ids,
    type: 'step-finish',
    reason: 'stop',
    cost: 0.25,
    tokens: { input: 10, output: 2, reasoning: 0, cache: { read: 3, write: 1 } },
  };
}
