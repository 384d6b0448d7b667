import { expect, test } from 'vitest';
import { agentOut, parseAgentSubject, subjectMatches } from './subjects.ts';

test('a filter matches token by token; `*` is one token, `>` one or more at the end', () => {
  expect(subjectMatches('evt.dev.session.>', 'evt.dev.session.1.transitioned')).toBe(true);
  expect(subjectMatches('evt.dev.session.>', 'evt.dev.session')).toBe(false);
  expect(subjectMatches('evt.*.task.*.progressed', 'evt.dev.task.7.progressed')).toBe(true);
  expect(subjectMatches('evt.*.task', 'evt.dev.task.7')).toBe(false);
  expect(subjectMatches('evt.dev.task.7', 'evt.dev.task.7')).toBe(true);
});

test('who speaks is read from the subject', () => {
  expect(parseAgentSubject(agentOut('dev', 'agent-one'))).toEqual({ tenant: 'dev', agent: 'agent-one' });
  expect(parseAgentSubject('evt.dev.agent.x')).toBeNull();
});
