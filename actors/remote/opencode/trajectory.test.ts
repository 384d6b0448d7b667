import type { Part, ToolPart } from '@opencode-ai/sdk/v2/client';
import { expect, test } from 'vitest';
import { Trajectory } from '#protocols/trajectory.ts';
import type { SessionMessage } from './outcome.ts';
import { toTrajectory } from './trajectory.ts';

const ids = { id: 'prt_1', sessionID: 'ses_1', messageID: 'msg_1' };
const text = (said: string): Part => ({ ...ids, type: 'text', text: said });
const time = { start: 1, end: 2 };

function tool(callID: string, state: 'completed' | 'error' | 'running'): ToolPart {
  const input = { command: `run ${callID}` };
  const states: Record<typeof state, ToolPart['state']> = {
    completed: { status: 'completed', input, output: `output of ${callID}`, title: '', metadata: {}, time },
    error: { status: 'error', input, error: `${callID} failed`, time },
    running: { status: 'running', input, time: { start: 1 } },
  };
  return { ...ids, type: 'tool', callID, tool: 'bash', state: states[state] };
}

function message(role: 'user' | 'assistant', ...parts: Part[]): SessionMessage {
  const model = { providerID: 'scripted', modelID: 'demo' };
  // Of a message only what is read.
  return { info: { role, ...model, model } as unknown as SessionMessage['info'], parts };
}

test('a trajectory has what was asked, said and done, each call with what came of it', () => {
  const trajectory = toTrajectory([
    message('user', text('Mend it.')),
    message(
      'assistant',
      text('I look.'),
      tool('a', 'completed'),
      tool('b', 'error'),
      text('Now I know.'),
      tool('c', 'completed'),
    ),
    message(
      'assistant',
      { ...ids, type: 'reasoning', text: 'hm', time },
      tool('d', 'running'),
      text('Done.'),
    ),
  ]);

  expect(Trajectory.parse(trajectory)).toEqual(trajectory);
  expect(trajectory.model).toBe('scripted/demo');
  expect(trajectory.messages).toMatchObject([
    { role: 'user', content: 'Mend it.' },
    { role: 'assistant', content: 'I look.', tool_calls: [{ id: 'a', name: 'bash' }, { id: 'b' }] },
    { role: 'tool', tool_call_id: 'a', content: 'output of a', is_error: false },
    { role: 'tool', tool_call_id: 'b', content: 'b failed', is_error: true },
    { role: 'assistant', content: 'Now I know.', tool_calls: [{ id: 'c', arguments: { command: 'run c' } }] },
    { role: 'tool', tool_call_id: 'c' },
    { role: 'assistant', content: 'Done.', tool_calls: [] },
  ]);
  expect(trajectory.messages).toHaveLength(7);
});
