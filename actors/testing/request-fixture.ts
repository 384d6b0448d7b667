/** Requests of an agent for tests, and the ways to bring them somewhere. */
import type { TaskRequest } from '#protocols/approval.ts';
import { assert } from '#protocols/assert.ts';
import type { Task } from '#protocols/task.ts';
import type { OneActor } from '#protocols/testing/one-actor.ts';
import { fromAgent } from './task-fixture.ts';

const OPTIONS = [
  { option_id: 'once', name: 'Allow once', kind: 'allow_once' },
  { option_id: 'always', name: 'Allow for this session', kind: 'allow_always' },
  { option_id: 'reject', name: 'Reject', kind: 'reject_once' },
];

export const PUSH = {
  kind: 'permission',
  subject: { type: 'command', title: 'git push origin', paths: [] },
  permission: 'bash',
  patterns: ['git push origin'],
  always: ['git push *'],
  options: OPTIONS,
  risk: 'high',
};

export const WHICH = {
  kind: 'input',
  prompt: 'Which database?',
  questions: [
    {
      question: 'Which database?',
      options: [{ label: 'Postgres' }, { label: 'SQLite' }],
      multiple: false,
      custom: false,
    },
  ],
};

type Asked = [name?: string, ask?: object, extra?: object];

/** As the agent asks, before any rule was asked. */
export function request(task: OneActor<Task>, ...[name = 'r-1', ask = PUSH, extra = {}]: Asked) {
  return fromAgent(task, { type: 'request', request_id: name, ask, ...extra });
}

/** Asked, and left to a person by the rules. */
export function requestOpenly(task: OneActor<Task>, ...[name = 'r-1', ask = PUSH, extra = {}]: Asked) {
  request(task, name, ask, extra);
  return verdict(task, name, 'ask');
}

export function verdict(task: OneActor<Task>, name: string, ...[action, extra = {}]: [string, object?]) {
  const about = { approval_id: requestOf(task, name).id, by: 'policy', rule: null, expires_seconds: 600 };
  return task.handle({ type: 'judged', action, ...about, ...extra }, 'approval-policy/dev/policy');
}

export function decideOn(task: OneActor<Task>, name: string, ...[word, by = 'user:anna']: [object, string?]) {
  return task.handle({ type: 'decide', approval_id: requestOf(task, name).id, ...word }, by);
}

export function requestOf(task: OneActor<Task>, name: string): TaskRequest {
  const found = task.state.requests.find(({ request_id }) => request_id === name);
  assert(found, `the task has a request ${name}`);
  return found;
}
