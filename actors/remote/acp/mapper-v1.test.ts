import { expect, test } from 'vitest';
import { AttemptFailure } from './failure.ts';
import {
  readAbout,
  readOpened,
  readPermission,
  readTerminalWish,
  readTurnEnd,
  readUpdate,
  toFailure,
  toMcpServers,
} from './mapper-v1.ts';

const update = (fields: Record<string, unknown>) => readUpdate({ sessionId: 's', update: fields });

test('what the model says and thinks comes in pieces, each with its message where the agent names it', () => {
  const said = update({
    sessionUpdate: 'agent_message_chunk',
    messageId: 'm1',
    content: { type: 'text', text: 'Hi' },
  });
  const thought = update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text: 'Hm' } });

  expect(said).toEqual([{ type: 'text', messageId: 'm1', text: 'Hi' }]);
  expect(thought).toEqual([{ type: 'thought', messageId: null, text: 'Hm' }]);
});

test('a tool call has its kind, places, input, diffs, terminals and output', () => {
  const [call] = update({
    sessionUpdate: 'tool_call_update',
    toolCallId: 'c1',
    kind: 'edit',
    status: 'completed',
    title: 'sum.js',
    locations: [{ path: '/w/sum.js', line: 3 }],
    rawInput: { filePath: '/w/sum.js' },
    content: [
      { type: 'content', content: { type: 'text', text: 'Edit applied.' } },
      { type: 'diff', path: '/w/sum.js', oldText: 'a - b', newText: 'a + b' },
      { type: 'diff', path: '/w/new.js', newText: '' },
      { type: 'terminal', terminalId: 't1' },
    ],
  });

  expect(call).toEqual({
    ...{ type: 'tool', callId: 'c1', kind: 'edit', status: 'completed', title: 'sum.js' },
    ...{ paths: ['/w/sum.js'], input: { filePath: '/w/sum.js' }, output: 'Edit applied.' },
    diffs: [
      { path: '/w/sum.js', oldText: 'a - b', newText: 'a + b' },
      { path: '/w/new.js', oldText: null, newText: '' },
    ],
    terminals: ['t1'],
  });
});

test('a change of a call says only what changed, and an output without words is shown as it is', () => {
  const [call] = update({
    sessionUpdate: 'tool_call_update',
    toolCallId: 'c1',
    title: null,
    rawOutput: { exit: 1 },
  });

  expect(call).toEqual({ type: 'tool', callId: 'c1', output: '{\n  "exit": 1\n}' });
});

test('a plan is a list of what is to be done; costs count in dollars only', () => {
  const entries = [
    { content: 'look', status: 'completed', priority: 'high' },
    { content: 'mend', status: 'a status of tomorrow', priority: 'low' },
  ];

  expect(update({ sessionUpdate: 'plan', entries })).toEqual([
    {
      type: 'plan',
      items: [
        { text: 'look', status: 'completed' },
        { text: 'mend', status: 'pending' },
      ],
    },
  ]);
  expect(
    update({ sessionUpdate: 'usage_update', used: 5, size: 9, cost: { amount: 0.5, currency: 'USD' } }),
  ).toEqual([{ type: 'cost', usd: 0.5 }]);
  expect(
    update({ sessionUpdate: 'usage_update', used: 5, size: 9, cost: { amount: 1, currency: 'EUR' } }),
  ).toEqual([{ type: 'cost', usd: null }]);
});

test('what is not known, or cannot be read, says nothing and is no fault', () => {
  const strange = [
    update({ sessionUpdate: 'subagent_update', anything: 1 }),
    update({ sessionUpdate: 'tool_call' }),
    update({ sessionUpdate: 'plan', entries: 'none' }),
    update({ sessionUpdate: 'agent_message_chunk', content: { type: 'image', data: 'x' } }),
    ...[undefined, null, 7, 'x', {}, { update: null }].map(readUpdate),
  ];

  expect(strange.flat()).toEqual([]);
  expect(update({ sessionUpdate: 'tool_call', toolCallId: 'c', kind: 'teleport', status: 'odd' })).toEqual([
    { type: 'tool', callId: 'c' },
  ]);
});

test('the greeting says what the agent can; another version of ACP is a failure', () => {
  const about = readAbout({
    protocolVersion: 1,
    agentInfo: { name: 'x', title: 'X', version: '2.0' },
    agentCapabilities: { loadSession: true, mcpCapabilities: { http: true } },
    authMethods: [{ id: 'key', name: 'A key', description: null }, 'odd'],
  });

  expect(about).toEqual({
    ...{ name: 'X', version: '2.0', canLoad: true, mcpOver: ['http'] },
    logins: [{ id: 'key', name: 'A key', description: '' }],
  });
  expect(readAbout({ protocolVersion: 1 })).toMatchObject({ name: 'unknown', canLoad: false, logins: [] });
  expect(() => readAbout({ protocolVersion: 2 })).toThrow(/version 2/);
  expect(() => readAbout('hello')).toThrow(AttemptFailure);
});

test('models are offered as a configuration option, flat or in groups, or as agents did before', () => {
  const option = { id: 'model', category: 'model', type: 'select', currentValue: 'a' };
  const mode = {
    id: 'mode',
    category: 'mode',
    type: 'select',
    currentValue: 'ask',
    options: [{ value: 'ask' }],
  };
  const flat = readOpened({
    sessionId: 's',
    configOptions: [mode, { ...option, options: [{ value: 'a' }, { value: 'b' }] }],
  });
  const grouped = readOpened({
    configOptions: [
      { ...option, options: [{ group: 'g', name: 'G', options: [{ value: 'a' }, { value: 'c' }] }] },
    ],
  });
  const before = readOpened({
    sessionId: 's',
    models: { currentModelId: 'a', availableModels: [{ modelId: 'a' }] },
  });

  const by = { method: 'config_option', configId: 'model' };
  expect(flat).toEqual({ sessionId: 's', models: { current: 'a', offered: ['a', 'b'], by } });
  expect(grouped).toEqual({ sessionId: null, models: { current: 'a', offered: ['a', 'c'], by } });
  expect(before.models).toEqual({ current: 'a', offered: ['a'], by: { method: 'set_model' } });
  expect(readOpened({ sessionId: 's' })).toEqual({ sessionId: 's', models: null });
});

test('the end of a turn has its reason, and tokens where the agent tells them', () => {
  const usage = { inputTokens: 5, outputTokens: 2, totalTokens: 10, cachedReadTokens: 3, thoughtTokens: 1 };

  expect(readTurnEnd({ stopReason: 'refusal' })).toEqual({ reason: 'refusal', tokens: null });
  expect(readTurnEnd({ stopReason: 'end_turn', usage })).toEqual({
    reason: 'end_turn',
    tokens: { input: 8, output: 3 },
  });
  expect(readTurnEnd({ stopReason: 'tired' }).reason).toBe('other');
  expect(readTurnEnd(null).reason).toBe('other');
});

test('what is asked and wished is read in our words, and servers of tools are told in its', () => {
  const options = [{ optionId: 'o', name: 'Yes', kind: 'allow_once' as const }];
  const asked = readPermission({ toolCall: { toolCallId: 'c', kind: 'execute' }, options });
  const wish = readTerminalWish({ command: 'make', env: [{ name: 'A', value: '1' }], outputByteLimit: 10 });

  expect(asked).toEqual({
    call: { callId: 'c', kind: 'execute' },
    options: [{ optionId: 'o', kind: 'allow_once' }],
  });
  expect(wish).toEqual({
    command: 'make',
    args: [],
    environment: { A: '1' },
    directory: null,
    outputBytesMax: 10,
  });
  expect(
    toMcpServers([{ name: 'oio', url: 'http://x/mcp', headers: { authorization: 'Bearer t' } }]),
  ).toEqual([
    {
      type: 'http',
      name: 'oio',
      url: 'http://x/mcp',
      headers: [{ name: 'authorization', value: 'Bearer t' }],
    },
  ]);
});

test('an error that asks for a login says how to log in; others say whether another try may help', () => {
  const logins = [{ id: 'login', name: 'Log in', description: 'run `x login`' }];

  const auth = toFailure('a session', { code: -32_000, message: 'Authentication required' }, logins);
  const refused = toFailure(
    'a session',
    { code: -32_602, message: 'Invalid params', data: { details: 'cwd' } },
    [],
  );
  const failed = toFailure('an answer', { code: -32_603, message: 'Internal error' }, []);

  expect(auth).toMatchObject({ code: 'AUTH_REQUIRED', retryable: false });
  expect(auth.message).toContain('run `x login`');
  expect(refused).toMatchObject({ code: 'AGENT_REFUSED', retryable: false });
  expect(refused.message).toContain('cwd');
  expect(failed).toMatchObject({ code: 'AGENT_FAILED', retryable: true });
});
