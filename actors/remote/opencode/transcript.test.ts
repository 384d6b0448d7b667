import type { Part } from '@opencode-ai/sdk/v2/client';
import { expect, test } from 'vitest';
import type { SessionMessage } from './outcome.ts';
import { writeTranscript } from './transcript.ts';

const ids = { id: 'prt_1', sessionID: 'ses_1', messageID: 'msg_1' };

test('a transcript shows the task, what was said, and each tool with what came of it', () => {
  const text = writeTranscript('Mend it', [
    user([{ ...ids, type: 'text', text: '# Mend it' }]),
    user([bash('echo hi', 'hi')]),
  ]);

  expect(text).toContain('# Mend it\n\n## Task\n\n# Mend it');
  expect(text).toContain('**bash**: echo hi (completed)');
  expect(text).toContain('```\nhi\n```');
});

test('output with fences of its own cannot break out, and the middle of long output is left out', () => {
  const text = writeTranscript('t', [user([bash('x', `\`\`\`\`\n${'y'.repeat(20_000)}`)])]);

  expect(text).toContain('`````\n````\n');
  expect(text).toMatch(/\d+ characters left out/);
  expect(text.length).toBeLessThan(10_000);
});

function user(parts: readonly Part[]): SessionMessage {
  const model = { providerID: 'scripted', modelID: 'demo' };
  const info = {
    id: 'msg_1',
    sessionID: 'ses_1',
    role: 'user',
    time: { created: 1 },
    agent: 'build',
    model,
  } as const;
  return { info, parts };
}

function bash(command: string, output: string): Part {
  const state = { status: 'completed', input: { command }, output, title: command } as const;
  return {
    ...ids,
    type: 'tool',
    callID: 'c',
    tool: 'bash',
    state: { ...state, metadata: {}, time: { start: 1, end: 2 } },
  };
}
