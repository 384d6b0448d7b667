import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { z } from 'zod';
import { RequestSaid } from './approval.ts';
import { LockSaid } from './lock.ts';
import { AgentIn, AgentOut, Heartbeat, InAnswer, OutAnswer, Registered } from './message.ts';
import { ToolsSaid } from './tools.ts';

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  out: AgentOut,
  'out-answer': OutAnswer,
  registered: Registered,
  in: AgentIn,
  'in-answer': InAnswer,
  heartbeat: Heartbeat,
  'lock-said': LockSaid,
  'request-said': RequestSaid,
  'tools-said': ToolsSaid,
};

const text = readFileSync(new URL('./README.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/```json (\S+)\n([\s\S]*?)```/g)].map(([, of = '', body = '']) => ({
  of,
  body: JSON.parse(body) as Record<string, unknown>,
}));

test('every example of the protocol is valid, and has no field that the schema does not know', () => {
  for (const { of, body } of examples) {
    const parsed = SCHEMAS[of]?.safeParse(body);
    expect(parsed?.error, JSON.stringify(body)).toBeUndefined();
    expect(parsed?.data).toMatchObject(body);
  }
});

test('every kind of message has an example', () => {
  const shown = (of: string) => examples.filter((one) => one.of === of).map((one) => one.body.kind);

  expect(new Set(shown('out'))).toEqual(new Set(AgentOut.options.map((option) => option.shape.kind.value)));
  expect(new Set(shown('in'))).toEqual(new Set(AgentIn.options.map((option) => option.shape.kind.value)));
});
