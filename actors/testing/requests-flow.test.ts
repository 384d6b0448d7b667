/** Requests of agents through all actors: from the process that asks to the person who decides, and back. */
import { expect, test } from 'vitest';
import { Approval } from '#protocols/approval.ts';
import { Session } from '#protocols/session.ts';
import { shownDetailOf } from '#protocols/session-detail.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, type Job, TENANT } from './fake-agent.ts';
import { PUSH, WHICH } from './request-fixture.ts';
import { World } from './world.ts';

const SESSION = { type: 'session', tenant: TENANT, id: 's-1' };

/** A session of one task that two agents could take, and the one that has it. */
function begin(seed?: number) {
  const agents = [new FakeAgent('AGENT-A'), new FakeAgent('AGENT-B')];
  const world = new World({
    kinds: ACTOR_KINDS,
    onDeliver: answerBy(agents),
    ...(seed === undefined ? {} : { seed, isDoubling: true }),
  });
  for (const agent of agents) agent.register(world, { supports: { steer: true, interrupt: true } });
  world.ask(SESSION, { type: 'create', title: 'Push it', initial_prompt: 'Push.', template: 'none' });
  world.ask(SESSION, { type: 'start' });
  const agent = agents.find((one) => one.jobs.length > 0);
  const job = agent?.jobs[0];
  if (!agent || !job) throw new Error('an agent has the task');
  return { world, agent, job, detail: () => shownDetailOf(Session.parse(world.state(SESSION))) };
}

type Begun = ReturnType<typeof begin>;

function ask({ world, agent, job }: Begun, request_id: string, message: object = PUSH): string {
  agent.say(world, job, { type: 'request', request_id, ask: message });
  const asked = world.events.findLast(({ name }) => name === 'approval_requested');
  return String(asked?.payload.approval_id);
}

function decide(world: World, job: Job, message: object) {
  return world.ask({ type: 'task', tenant: TENANT, id: job.taskId }, { type: 'decide', ...message });
}

function rowOf(world: World, id: string): Approval {
  return Approval.parse(world.state({ type: 'approval', tenant: TENANT, id }));
}

test('whatever the order of messages, each answer reaches its request and the row has it', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const begun = begin(seed);
    const { world, agent, job, detail } = begun;
    const first = ask(begun, 'r-1');
    const second = ask(begun, 'r-2', { ...PUSH, patterns: ['git push --force'] });
    const third = ask(begun, 'q-1', WHICH);
    const waits = detail();

    decide(world, job, { approval_id: third, answers: [['Postgres']] });
    decide(world, job, { approval_id: second, option: 'reject' });
    const stillWaits = detail();
    decide(world, job, { approval_id: first, option: 'once' });

    expect([waits, stillWaits, detail()]).toEqual([
      'waiting_for_approval',
      'waiting_for_approval',
      'working',
    ]);
    expect(agent.told).toMatchObject([
      { kind: 'input', requestId: 'q-1', outcome: 'answered', answers: [['Postgres']] },
      { kind: 'permission.decision', requestId: 'r-2', optionKind: 'reject_once' },
      { kind: 'permission.decision', requestId: 'r-1', optionKind: 'allow_once' },
    ]);
    expect([first, second, third].map((id) => rowOf(world, id).state)).toEqual([
      'approved',
      'rejected',
      'answered',
    ]);
  }
});

test('what is allowed for the session is not asked again in it, and decides what waits', () => {
  const begun = begin();
  const { world, agent, job } = begun;
  const first = ask(begun, 'r-1');
  const other = ask(begun, 'r-2', { ...PUSH, patterns: ['git push tags'] });

  decide(world, job, { approval_id: first, option: 'allow_always' });
  const waiting = rowOf(world, other).state;
  agent.say(world, job, { type: 'request', request_id: 'r-3', ask: PUSH });

  expect(waiting).toBe('approved');
  expect(agent.told.map((one) => [one.kind, 'by' in one ? one.by : ''])).toEqual([
    ['permission.decision', 'user:anna'],
    ['permission.decision', 'session_rule'],
    ['permission.decision', 'session_rule'],
  ]);
});

test('unanswered it is rejected at its time, the session works again, and the policy says the time', () => {
  const begun = begin();
  const { world, agent, detail } = begun;
  const policy = { type: 'approval-policy', tenant: TENANT, id: 'policy' };
  world.ask(policy, { type: 'set', rules: [], expires_seconds: 60 });
  const id = ask(begun, 'r-1');

  world.advance(59_000);
  const before = rowOf(world, id).state;
  world.advance(1_000);

  expect(before).toBe('pending');
  expect(rowOf(world, id).state).toBe('expired');
  expect(agent.told).toMatchObject([{ requestId: 'r-1', outcome: 'expired', optionId: null }]);
  expect(detail()).toBe('working');
});

test('a cancelled session leaves nobody waiting', () => {
  const begun = begin();
  const { world, agent, job } = begun;
  const id = ask(begun, 'r-1');

  world.ask(SESSION, { type: 'stop' });

  expect(rowOf(world, id)).toMatchObject({ state: 'cancelled' });
  expect(agent.cancelled).toEqual([job.taskId]);
  expect(decide(world, job, { approval_id: id, option: 'once' })).toMatchObject({
    ok: false,
    failure: { code: 'INVALID_TRANSITION', current_state: 'cancelled' },
  });
});

test('a person speaks to the agent at work, and it is told who took it', () => {
  const { world, agent } = begin();

  world.ask(SESSION, { type: 'prompt', prompt: 'Use the other remote', mode: 'interrupt' });

  expect(agent.told).toMatchObject([
    { kind: 'steer', message: 'Use the other remote', delivery: 'interrupt' },
  ]);
  expect(world.events.findLast(({ name }) => name === 'steered')?.payload).toMatchObject({ taken: true });
});
