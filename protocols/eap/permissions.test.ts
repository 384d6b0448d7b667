import { expect, test } from 'vitest';
import { agentHeartbeat, agentIn, agentLog, agentOut, subjectMatches } from '../subjects.ts';
import { agentInboxPrefix, agentPermissions } from './permissions.ts';

const mine = agentPermissions('dev', 'agent-x');
const mayPublish = (subject: string) => mine.publish.allow.some((filter) => subjectMatches(filter, subject));
const mayHear = (subject: string) => mine.subscribe.allow.some((filter) => subjectMatches(filter, subject));

test('an agent may use its own subjects', () => {
  expect(mayPublish(agentOut('dev', 'agent-x'))).toBe(true);
  expect(mayPublish(agentHeartbeat('dev', 'agent-x'))).toBe(true);
  expect(mayPublish(agentLog('dev', 'agent-x', 't1'))).toBe(true);
  expect(mayHear(agentIn('dev', 'agent-x', 'i-1'))).toBe(true);
  expect(mayHear(`${agentInboxPrefix('dev', 'agent-x')}.abc`)).toBe(true);
});

test('an agent may use nothing else', () => {
  const others = [
    agentOut('dev', 'agent-y'),
    agentOut('other', 'agent-x'),
    agentHeartbeat('dev', 'agent-y'),
    agentIn('dev', 'agent-x', 'i-1'),
    'mbx.0',
    'ctl.0',
    'evt.dev.task.t1.done',
    '$JS.API.STREAM.LIST',
    '$KV.locks.x',
    '$O.artifacts.C.x',
    '$SYS.REQ.SERVER.PING',
    'oio.node.heartbeat',
  ];
  const foreign = [
    agentIn('dev', 'agent-y', 'i-1'),
    agentOut('dev', 'agent-x'),
    '_INBOX.abc',
    `${agentInboxPrefix('dev', 'agent-xy')}.abc`,
    `${agentInboxPrefix('other', 'agent-x')}.abc`,
    'evt.dev.task.t1.done',
    '>',
  ];

  expect(others.filter(mayPublish)).toEqual([]);
  expect(foreign.filter(mayHear)).toEqual([]);
});

test('no two agents share an inbox', () => {
  expect(agentInboxPrefix('a', 'b-c')).not.toBe(agentInboxPrefix('a-b', 'c'));
});
