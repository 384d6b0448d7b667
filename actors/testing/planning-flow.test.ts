import { expect, test } from 'vitest';
import type { Address } from '#protocols/address.ts';
import { Session } from '#protocols/session.ts';
import { ACTOR_KINDS } from '../registry.ts';
import { answerBy, FakeAgent, TENANT } from './fake-agent.ts';
import { World } from './world.ts';

const SESSION: Address = { type: 'session', tenant: TENANT, id: 's-1' };
const TIMERS_OF_SESSION = (world: World) => world.timersOf(SESSION);
const PLAN = { tasks: [{ key: 'a', title: 'Build it' }] };

function start(world: World): void {
  world.ask(SESSION, { type: 'create', title: 'Make it nicer', initial_prompt: 'Make it nicer.' });
  world.ask(SESSION, { type: 'start' });
}

const sessionOf = (world: World) => Session.parse(world.state(SESSION));

function makeWorld() {
  const architect = new FakeAgent('AGENT-ARCHITECT');
  const worker = new FakeAgent('AGENT-WORKER');
  const world = new World({ kinds: ACTOR_KINDS, onDeliver: answerBy([architect, worker]) });
  worker.register(world);
  architect.register(world, { agent_type: 'architect', capabilities: { secondary: [] } });
  return { architect, worker, world };
}

/** Each has done all that it has, with time passing between, until the session is over. */
function workOff(world: World, agents: readonly FakeAgent[], plan?: unknown): void {
  const done = { success: true, summary: 'no plan', commit: null, changes: null, error: null };
  for (let round = 0; round < 100 && !sessionOf(world).ended_at; round++) {
    const agent = agents.find(({ jobs }) => jobs.length > 0);
    const job = agent?.jobs[0];
    if (!agent || !job) world.advance(5_000);
    else if (job.title.startsWith('Plan: ')) agent.report(world, job, { ...done, plan });
    else agent.finish(world, job);
  }
}

test('an architect that is there plans what no template fits, and the others do it', () => {
  const { architect, worker, world } = makeWorld();

  start(world);
  workOff(world, [architect, worker], PLAN);

  expect(architect.taken.map(({ title }) => title)).toEqual(['Plan: Make it nicer']);
  expect(worker.taken.map(({ title }) => title)).toEqual(['Build it']);
  expect(sessionOf(world)).toMatchObject({ state: 'completed', used_template: 'agent' });
  expect(TIMERS_OF_SESSION(world)).toEqual([]);
});

test('an architect whose plans are wrong, or that is gone before it can plan, holds nobody up', () => {
  const wrong = makeWorld();
  start(wrong.world);
  workOff(wrong.world, [wrong.architect, wrong.worker]);

  const gone = makeWorld();
  gone.architect.isListening = false;
  start(gone.world);
  gone.world.ask(gone.architect.address, { type: 'dismiss', force: true });
  workOff(gone.world, [gone.worker]);

  for (const { world, worker } of [wrong, gone]) {
    expect(sessionOf(world)).toMatchObject({
      state: 'completed',
      result: { summary: '1 of 1 tasks completed' },
    });
    expect(worker.taken.at(-1)?.title).toBe('Make it nicer');
    expect(TIMERS_OF_SESSION(world)).toEqual([]);
  }
});
