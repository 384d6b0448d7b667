import { expect, test } from 'vitest';
import { buildTestGateway } from '../testing/gateway.ts';

const NOW = '2026-01-01T00:00:00.000Z';

/** Three broken locks, by two people. */
function buildWithEntries() {
  const gateway = buildTestGateway();
  const entries = [
    { id: 'e-1', target: 'repo/main', by: 'user:anna', reason: 'its machine is gone' },
    { id: 'e-2', target: 'repo/next', by: 'user:anna', reason: 'hangs since noon' },
    { id: 'e-3', target: 'repo/main', by: 'user:ben', reason: 'hangs again' },
  ];
  for (const [n, { id, target, by, reason }] of entries.entries()) {
    const state = {
      id,
      tenant_id: 'dev',
      at: NOW,
      by,
      act: 'lock.broken',
      target,
      reason,
      before: { token: n },
    };
    gateway.client.put({ type: 'audit', tenant: 'dev', id }, state, {
      status: 'lock.broken',
      title: `${target} ${reason}`,
      labels: [`target:${target}`, `by:${by}`],
      createdAt: `2026-01-01T00:00:0${n}.000Z`,
    });
  }
  const idsOf = async (query: string) => {
    const response = await gateway.app.inject({ url: `/api/v1/audit${query}` });
    expect([query, response.statusCode]).toEqual([query, 200]);
    return response.json().items.map(({ id }: { id: string }) => id);
  };
  return { ...gateway, idsOf };
}

test('the audit is listed newest first, by act, target, person and words', async () => {
  const { idsOf } = buildWithEntries();

  expect(await idsOf('')).toEqual(['e-3', 'e-2', 'e-1']);
  expect(await idsOf('?act=lock.broken&order=asc')).toEqual(['e-1', 'e-2', 'e-3']);
  expect(await idsOf('?target=repo%2Fmain')).toEqual(['e-3', 'e-1']);
  expect(await idsOf('?target=repo%2Fmain&by=user:anna')).toEqual(['e-1']);
  expect(await idsOf('?search=hangs')).toEqual(['e-3', 'e-2']);
});

test('an entry is shown whole; one that is not there is 404', async () => {
  const { app } = buildWithEntries();

  const shown = await app.inject({ url: '/api/v1/audit/e-2' });
  const unknown = await app.inject({ url: '/api/v1/audit/e-9' });

  expect(shown.json()).toEqual({
    ...{ id: 'e-2', tenant_id: 'dev', at: NOW, by: 'user:anna', act: 'lock.broken', target: 'repo/next' },
    ...{ reason: 'hangs since noon', before: { token: 1 } },
  });
  expect(unknown.json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
});

test('a query with faults is refused with the path of each, and nothing can be written', async () => {
  const { app } = buildWithEntries();

  const refused = await app.inject({ url: '/api/v1/audit?act=lock.stolen&page=0' });
  const written = await app.inject({ method: 'DELETE', url: '/api/v1/audit/e-1' });

  expect(refused.json().errors.map(({ path }: { path: string }) => path)).toEqual([
    'query.act.0',
    'query.page',
  ]);
  expect([written.statusCode, written.headers.allow]).toEqual([405, 'GET, HEAD']);
});
