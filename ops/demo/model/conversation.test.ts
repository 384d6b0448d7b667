import { expect, test } from 'vitest';
import { buildChunks, estimateUsage } from './completion.ts';
import { type ChatRequest, chooseAnswer } from './conversation.ts';
import { CRUD_SCRIPTS } from './crud-scripts.ts';

const system = { role: 'system', content: 'You are an agent.\n<env>\n  Working directory: /project\n</env>' };
const tools = [{}];

test('the title of the prompt chooses the script, and the calls made so far its step', () => {
  const first = ask([system, user('# Implement create\n\nPart of "Implement read"')]);
  const second = ask([system, user('# Implement create'), called(), result('the file')]);

  expect(first).toMatchObject({ script: 'create', step: 0, answer: { type: 'call' } });
  expect(first.answer).toMatchObject({
    calls: [{ tool: 'read', arguments: { filePath: '/project/src/create.js' } }],
  });
  expect(second).toMatchObject({ script: 'create', step: 1, answer: { calls: [{ tool: 'edit' }] } });
});

test('each task of the demo has its script', () => {
  const titles = [
    'Implement create',
    'Implement read',
    'Implement update',
    'Implement delete',
    'Test the create, read, update and delete operations',
    'Make the tests pass and add the missing function of the CRUD store',
  ];

  expect(titles.map((title) => ask([system, user(`# ${title}`)]).script)).toEqual([
    'create',
    'read',
    'update',
    'delete',
    'test',
    'whole store',
  ]);
});

test('at the end the model claims success only if the last result bears it out', () => {
  const calls = [called(), result('x'), called(), result('x'), called(), result('x'), called()];
  const passed = ask([system, user('# Implement create'), ...calls, result('tests 3\npass 3\nfail 0')]);
  const failed = ask([system, user('# Implement create'), ...calls, result('tests 3\npass 2\nfail 1')]);

  expect(passed.answer).toMatchObject({ type: 'text', text: expect.stringContaining('All tests') });
  expect(failed.answer).toMatchObject({ type: 'text', text: expect.stringContaining('do not all pass') });
});

test('an unknown task is looked at and nothing is changed', () => {
  const seen: string[] = [];
  const messages = [system, user('# Bake a cake')];
  for (let turn = 0; turn < 5; turn += 1) {
    const { answer } = ask(messages);
    if (answer.type !== 'call') break;
    seen.push(...answer.calls.map(({ tool }) => tool));
    messages.push(called(), result('x'));
  }

  expect(seen).toEqual(['glob', 'bash']);
});

test('a report names the commands whose results have what it looks for', () => {
  const calls = ['a', 'b'].map((id) => toolCall(id, JSON.stringify({ command: `run ${id}` })));
  const messages = [
    user('# Ask'),
    { role: 'assistant', content: null, tool_calls: calls },
    { ...result('refused'), tool_call_id: 'a' },
    { ...result('it ran'), tool_call_id: 'b' },
  ];
  const steps = [
    { type: 'call', tool: 'bash', arguments: {} },
    { type: 'report', text: 'Ran:', has: 'ran' },
  ] as const;

  const { answer } = chooseAnswer([{ name: 'ask', match: /ask/i, steps }], {
    model: 'demo',
    messages,
    tools,
  });

  expect(answer).toEqual({ type: 'text', text: 'Ran: run b' });
});

test('a request for a title gets the title of the task', () => {
  const asked = {
    model: 'demo',
    messages: [{ role: 'system', content: 'You are a title generator.' }, user('# Implement read')],
  };

  expect(chooseAnswer(CRUD_SCRIPTS, asked).answer).toEqual({ type: 'text', text: 'Implement read' });
});

test('the chunks of an answer put together are the answer', () => {
  const answer = {
    type: 'call',
    text: 'I read it now.',
    calls: [
      { tool: 'write', arguments: { content: 'x'.repeat(500) } },
      { tool: 'bash', arguments: { command: 'ls' } },
    ],
  } as const;
  const chunks = buildChunks(
    { id: '1', created: 1, model: 'demo' },
    answer,
    estimateUsage(400, answer),
  ) as Chunk[];

  const deltas = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta));
  const pieces = deltas.flatMap((delta) => delta.tool_calls ?? []);
  const spelled = [0, 1].map((index) =>
    pieces.map((piece) => (piece.index === index ? piece.function.arguments : '')).join(''),
  );
  expect(deltas.map((delta) => delta.content ?? '').join('')).toBe('I read it now.');
  expect(spelled.map((text) => JSON.parse(text))).toEqual(answer.calls.map((call) => call.arguments));
  expect(chunks.at(-1)).toMatchObject({ usage: { prompt_tokens: 100 } });
});

type Delta = { content?: string; tool_calls?: { index: number; function: { arguments: string } }[] };
type Chunk = { choices: { delta: Delta }[] };
type Message = ChatRequest['messages'][number];

function ask(messages: Message[]) {
  return chooseAnswer(CRUD_SCRIPTS, { model: 'demo', messages, tools });
}

function user(content: string): Message {
  return { role: 'user', content };
}

function called(): Message {
  return { role: 'assistant', content: null, tool_calls: [toolCall('1', '{}')] };
}

function toolCall(id: string, text: string) {
  return { id, function: { arguments: text } };
}

function result(content: string): Message {
  return { role: 'tool', content };
}
