import { expect, test } from 'vitest';
import type { Context } from '#protocols/context.ts';
import type { ContextHistory } from '#protocols/context-history.ts';
import type { ContextOwner } from '#protocols/context-owner.ts';
import { endContexts } from '#protocols/context-owner.ts';
import { LIMITS } from '#protocols/limits.ts';
import { OneActor } from '#protocols/testing/one-actor.ts';
import { World } from '../testing/world.ts';
import { contextKind } from './context.ts';
import { contextHistoryKind } from './history.ts';
import { contextOwnerKind } from './owner.ts';

const AGENT = 'agent:agent-one';

function makeContext(fields: object = {}, by?: string): OneActor<Context> {
  const actor = new OneActor<Context>(contextKind, 'c-1');
  return actor.handle(
    {
      type: 'create',
      scope: 'session',
      session_id: 's-1',
      name: 'Notes',
      data: { a: 1, b: { c: 2 } },
      ...fields,
    },
    by,
  );
}

function source(fields: object = {}) {
  const data = { a: 2, n: 1 };
  return { id: 'c-2', version: 4, updated_at: '2026-02-01T00:00:00.000Z', label: 'trusted', data, ...fields };
}

test('a context begins at version 1, and its owner’s keeper hears of it', () => {
  const context = makeContext();

  expect(context.state).toMatchObject({ version: 1, scope: 'session', session_id: 's-1', label: 'trusted' });
  expect(context.state.bytes).toBe('{"a":1,"b":{"c":2}}'.length);
  expect(context.value).toEqual({ id: 'c-1', version: 1 });
  expect(context.sentTo('context-owner')).toEqual([
    { type: 'hold', context_id: 'c-1', scope: 'session', at: LATER },
  ]);
  expect(contextKind.indexOf(context.state)).toEqual({ status: 'session', title: 'Notes', parent: 's-1' });
});

test('each scope has the one owner that it needs, and no other', () => {
  const kind = contextKind;
  const turn = makeContext();
  const places: [object, boolean][] = [
    [{ scope: 'temporary', task_id: 't' }, true],
    [{ scope: 'session', session_id: 's' }, true],
    [{ scope: 'agent', agent_id: 'a' }, true],
    [{ scope: 'global' }, true],
    [{ scope: 'temporary' }, false],
    [{ scope: 'session', task_id: 't' }, false],
    [{ scope: 'global', session_id: 's' }, false],
    [{ scope: 'agent', agent_id: 'a', session_id: 's' }, false],
  ];
  const context = { self: turn.self, now: 0, messageId: 'm', by: 'user:a', id: () => 'x' };

  for (const [place, isGood] of places) {
    const answer = kind.handle(null, { type: 'create', name: 'Notes', ...place }, context);
    expect('code' in answer, JSON.stringify(place)).toBe(!isGood);
  }
});

test('a write that names the version it read is applied, told to the history and as an event', () => {
  const context = makeContext();

  context.handle({ type: 'write', base: 1, set: { 'b.c': 3, d: [] }, unset: ['a'] });

  expect(context.state).toMatchObject({ version: 2, data: { b: { c: 3 }, d: [] }, updated_by: 'user:anna' });
  expect(context.sentTo('context-history')).toMatchObject([
    {
      type: 'record',
      version: 2,
      by: 'user:anna',
      total: 3,
      changes: [
        { path: 'a', change: 'deleted', old: 1 },
        { path: 'b.c', change: 'modified', old: 2, new: 3 },
        { path: 'd', change: 'added', new: [] },
      ],
    },
  ]);
  expect(context.eventNames).toEqual(['changed']);
});

test('a write that read another version is CONTEXT_CONFLICT with the paths, both values and a hint', () => {
  const context = makeContext().handle({ type: 'write', base: 1, set: { a: 'theirs' } });

  context.handle({ type: 'write', base: 1, set: { a: 'mine', 'b.c': 2 }, unset: ['b.c'] });

  expect(context.failure).toMatchObject({
    code: 'CONTEXT_CONFLICT',
    current_version: 2,
    conflicts: [{ path: 'a', current: 'theirs', proposed: 'mine' }],
    retry_hint: expect.stringContaining('version 2'),
  });
  expect(context.state).toMatchObject({ version: 2, data: { a: 'theirs' } });
  expect(context.handle({ type: 'write', base: null, set: { a: 'mine' } }).state.version).toBe(3);
});

test('merge, promotion and deletion of a version that is no more are refused as well', () => {
  const context = makeContext().handle({ type: 'write', base: 1, set: { a: 5 } });

  for (const message of [
    { type: 'merge', base: 1, strategy: 'deep_merge', sources: [source()] },
    { type: 'promote', base: 1 },
    { type: 'delete', base: 1 },
  ]) {
    expect(context.handle(message).failure, message.type).toMatchObject({ code: 'CONTEXT_CONFLICT' });
  }
  expect(context.state.version).toBe(2);
});

test('writing what is there already is no change', () => {
  const context = makeContext();
  const before = context.state;

  context.handle({ type: 'write', base: 1, set: { a: 1 } }, AGENT);

  expect(context.state).toBe(before);
  expect(context.value).toEqual({ id: 'c-1', version: 1 });
  expect(context.eventNames).toEqual([]);
});

test('data of more than 256 KiB is refused as too large, at its creation and later', () => {
  const wide = 'ü'.repeat(LIMITS.contextBytesMax / 2);
  const context = makeContext();

  expect(makeContext({ data: { a: wide } }).failure).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  expect(context.handle({ type: 'write', base: 1, set: { a: wide } }).failure?.code).toBe(
    'PAYLOAD_TOO_LARGE',
  );
  const merge = { type: 'merge', base: 1, strategy: 'deep_merge', sources: [source({ data: { z: wide } })] };
  expect(context.handle(merge).failure?.code).toBe('PAYLOAD_TOO_LARGE');
  expect(context.state.version).toBe(1);
  const fitting = wide.slice(0, -4); // Less the bytes of {"a":""}.
  expect(context.handle({ type: 'write', base: 1, data: { a: fitting } }).state.bytes).toBe(
    LIMITS.contextBytesMax,
  );
});

test('the label is what its writers stand for, and the weakest of all that went in', () => {
  expect(makeContext({}, AGENT).state.label).toBe('agent');
  expect(makeContext({ label: 'trusted' }, AGENT).state.label).toBe('agent');
  expect(makeContext({ label: 'untrusted' }).state.label).toBe('untrusted');
  const context = makeContext();
  context.handle({ type: 'write', base: 1, set: { a: 2 } }, AGENT);
  expect(context.state.label).toBe('agent');
  const merge = {
    type: 'merge',
    base: 2,
    strategy: 'prefer_target',
    sources: [source({ label: 'untrusted' })],
  };
  expect(context.handle(merge).state.label).toBe('untrusted');
  expect(context.handle({ type: 'write', base: 3, label: 'trusted' }).state.label).toBe('untrusted');
});

test('a merge answers what it did, and manual does nothing but list', () => {
  const context = makeContext();

  context.handle({ type: 'merge', base: null, strategy: 'manual', sources: [source()] });
  expect(context.value).toEqual({
    version: 1,
    merged: false,
    conflicts: [{ path: 'a', current: 1, proposed: 2, source_id: 'c-2' }],
    conflicts_total: 1,
    sources: [{ context_id: 'c-2', version: 4 }],
  });

  context.handle({ type: 'merge', base: 1, strategy: 'prefer_source', sources: [source()] });
  expect(context.value).toMatchObject({ version: 2, merged: true, conflicts_total: 1 });
  expect(context.state.data).toEqual({ a: 2, b: { c: 2 }, n: 1 });
  expect(context.eventNames).toEqual(['changed', 'merged']);
});

test('promotion makes a context global, and its owner lets go of it; a global one cannot be promoted', () => {
  const context = makeContext().handle({ type: 'promote', base: 1 });

  expect(context.state).toMatchObject({
    scope: 'global',
    session_id: null,
    promoted_from: { scope: 'session', owner_id: 's-1' },
    version: 2,
  });
  expect(context.sentTo('context-owner')).toEqual([{ type: 'let_go', context_id: 'c-1' }]);
  expect(context.handle({ type: 'promote', base: 2 }).failure).toMatchObject({
    code: 'INVALID_TRANSITION',
    current_state: 'global',
    allowed: [],
  });
});

test('a promoted context does not go with the owner that it had', () => {
  const context = makeContext().handle({ type: 'promote', base: 1 });

  context.handle({ type: 'owner_ended', scope: 'session', owner_id: 's-1' });

  expect(context.isThere).toBe(true);
});

test('a deleted context takes its history along, and is not there any more', () => {
  const context = makeContext().handle({ type: 'delete', base: 1 });

  expect(context.isThere).toBe(false);
  expect(context.sentTo('context-history')).toEqual([{ type: 'forget' }]);
  expect(context.sentTo('context-owner')).toEqual([{ type: 'let_go', context_id: 'c-1' }]);
  expect(context.handle({ type: 'write', base: null }).failure?.code).toBe('CONTEXT_NOT_FOUND');
});

test('a copy remembers what it was made of', () => {
  const of = { context_id: 'c-9', version: 3, how: 'share' };

  expect(makeContext({ source: of, label: 'agent' }).state).toMatchObject({ source: of, label: 'agent' });
});

test('the history keeps the last 100 changes, long values shortened', () => {
  const history = new OneActor<ContextHistory>(contextHistoryKind, 'c-1');
  const context = makeContext();
  for (let n = 1; n <= 130; n++) {
    context.handle({ type: 'write', base: n, set: { n } });
    for (const message of context.sentTo('context-history')) history.handle(message);
  }
  expect(history.state).toMatchObject({ version: 131, total: 130 });
  expect(history.state.entries).toHaveLength(100);
  expect(history.state.entries.at(-1)).toMatchObject({ path: 'n', old: 129, new: 130, by: 'user:anna' });

  context.handle({ type: 'write', base: 131, set: { n: 'x'.repeat(10_000) } });
  for (const message of context.sentTo('context-history')) history.handle(message);

  const last = history.state.entries.at(-1);
  expect(last).toMatchObject({ old: 130, shortened: ['new'] });
  expect(JSON.stringify(last).length).toBeLessThan(1_000);
});

test('a write of many thousand changes, and what it tells, stay within a message', () => {
  const data = Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`key ${n}`, 'old value']));
  const context = makeContext({ data });
  const next = Object.fromEntries(Object.keys(data).map((key) => [key, 'new value']));

  context.handle({ type: 'write', base: 1, data: next });
  for (const effect of context.effects)
    expect(JSON.stringify(effect).length).toBeLessThan(LIMITS.messageBytesMax);
  expect(context.sentTo('context-history')).toMatchObject([{ total: 9_000 }]);

  context.handle({ type: 'write', base: 1, data });
  expect(context.failure?.conflicts).toHaveLength(100);
});

function makeWorld(): World {
  return new World({ kinds: [contextKind, contextHistoryKind, contextOwnerKind], seed: 7, isDoubling: true });
}

const LATER = '2026-01-01T00:00:00.000Z'; // The world's own time, which stands.
const at = (type: string, id: string) => ({ type, tenant: 'dev', id });

test('the contexts of a task, a session or an agent go with it, and no others', () => {
  const world = makeWorld();
  const owners = [
    ['temporary', 'task_id', 't-1', 'task_ended'],
    ['session', 'session_id', 's-1', 'session_deleted'],
    ['agent', 'agent_id', 'a-1', 'agent_removed'],
  ] as const;
  for (const [scope, field, owner, ending] of owners) {
    world.ask(at('context', `${owner}-gone`), { type: 'create', name: 'x', scope, [field]: owner });
    world.ask(at('context', `${owner}-kept`), {
      type: 'create',
      name: 'x',
      scope,
      [field]: `${owner}-other`,
    });
    world.ask(at('context', `${owner}-global`), { type: 'create', name: 'x', scope, [field]: owner });
    world.ask(at('context', `${owner}-global`), { type: 'promote', base: null });

    const effect = endContexts({ tenant_id: 'dev', id: owner }, ending, LATER);
    if (effect.type === 'send') world.ask(effect.to, effect.message);

    expect(world.state(at('context', `${owner}-gone`)), scope).toBe(null);
    expect(world.state(at('context', `${owner}-kept`)), scope).not.toBe(null);
    expect(world.state(at('context', `${owner}-global`)), scope).not.toBe(null);
  }
});

test('a task and a session of the same id each keep their own contexts', () => {
  const world = makeWorld();
  const has = (id: string) => world.state(at('context', id)) !== null;
  world.ask(at('context', 'c-task'), { type: 'create', name: 'x', scope: 'temporary', task_id: 'same' });
  world.ask(at('context', 'c-session'), { type: 'create', name: 'x', scope: 'session', session_id: 'same' });

  world.ask(at('context-owner', 'same'), { type: 'task_ended', at: LATER });
  const between = [has('c-task'), has('c-session')];
  world.ask(at('context-owner', 'same'), { type: 'session_deleted', at: LATER });

  expect(between).toEqual([false, true]);
  expect(has('c-session')).toBe(false);
});

test('a context that is told of after its owner ended goes at once; without any, nothing is left', () => {
  const world = makeWorld();
  const create = { type: 'create', name: 'x', scope: 'temporary', task_id: 't-1' };
  world.ask(at('context-owner', 't-2'), { type: 'task_ended', at: LATER });
  world.ask(at('context', 'c-1'), create);
  world.ask(at('context-owner', 't-1'), { type: 'task_ended', at: LATER });

  world.ask(at('context', 'c-2'), create);

  expect(world.state(at('context-owner', 't-2'))).toBe(null);
  expect(world.state(at('context', 'c-2'))).toBe(null);
});

test('a task that begins anew has contexts again, and the end of its first life does not reach them', () => {
  const world = makeWorld();
  const create = { type: 'create', name: 'x', scope: 'temporary', task_id: 't-1' };
  world.ask(at('context', 'first'), create);
  world.ask(at('context-owner', 't-1'), { type: 'task_ended', at: LATER });
  world.advance(1);

  world.ask(at('context', 'second'), create);
  world.ask(at('context-owner', 't-1'), { type: 'task_ended', at: LATER });

  expect(world.state(at('context', 'first'))).toBe(null);
  expect(world.state(at('context', 'second'))).not.toBe(null);
  world.ask(at('context-owner', 't-1'), { type: 'task_ended', at: '2026-01-01T00:00:00.001Z' });
  expect(world.state(at('context', 'second'))).toBe(null);
});

test('an owner’s keeper holds so many contexts and no more', () => {
  const owner = new OneActor<ContextOwner>(contextOwnerKind, 's-1');
  for (let n = 0; n < 2_000; n++)
    owner.handle({ type: 'hold', context_id: `c-${n}`, scope: 'session', at: LATER });

  owner.handle({ type: 'hold', context_id: 'one-more', scope: 'session', at: LATER });

  expect(owner.state.held).toHaveLength(2_000);
  expect(owner.eventNames).toEqual(['overfull']);
  expect(owner.sentTo('context')).toEqual([{ type: 'owner_ended', scope: 'session', owner_id: 's-1' }]);
});
