import { expect, test } from 'vitest';
import { sampleSession, sampleTaskSummary } from '#protocols/testing/samples.ts';
import { buildTestGateway } from '../testing/gateway.ts';

const session = { type: 'session', tenant: 'dev', id: 'session-1' };
const taskOf = (id: string) => ({ type: 'task', tenant: 'dev', id });

test('the events of a session are its own and those of its tasks, in order, page after page', async () => {
  const { app, client } = buildTestGateway();
  client.put(
    session,
    sampleSession({ tasks: [sampleTaskSummary({ id: 't1' }), sampleTaskSummary({ id: 't2' })] }),
  );
  client.publish(session, 'created');
  client.publish(taskOf('t2'), 'created');
  client.publish(taskOf('foreign'), 'created');
  client.publish(taskOf('t1'), 'created');
  client.publish(session, 'transitioned', { payload: { to: 'running' } });
  const url = '/api/v1/sessions/session-1/events';

  const first = (await app.inject({ url: `${url}?limit=3` })).json();
  const rest = (await app.inject({ url: `${url}?limit=3&after=${first.next_after}` })).json();

  expect(first.items.map((event: { seq: number }) => event.seq)).toEqual([1, 2, 4]);
  expect(rest.items).toMatchObject([
    { seq: 5, type: 'session.transitioned', subject: 'evt.dev.session.session-1.transitioned' },
  ]);
  expect(rest.items[0].payload.payload).toEqual({ to: 'running' });
  expect(rest.next_after).toBeNull();
});

test('a limit that is too large is refused', async () => {
  const { app } = buildTestGateway();

  const response = await app.inject({ url: '/api/v1/sessions/session-1/events?limit=5000' });

  expect(response.json()).toMatchObject({ status: 422, errors: [{ path: 'query.limit' }] });
});
