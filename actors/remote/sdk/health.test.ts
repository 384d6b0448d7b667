import { expect, test } from 'vitest';
import { freePort } from '#ops/dev/ports.ts';
import { serveHealth } from './health.ts';

test('an agent is ready while tasks can come to it, and says why they cannot', async () => {
  const port = await freePort();
  let reason: string | null = 'it is not registered';
  await serveHealth({ host: '127.0.0.1', port }, { whyIdle: () => reason });
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    return [response.status, await response.json()];
  };

  expect(await ask('/ready')).toEqual([503, { status: 'not_ready', reasons: ['it is not registered'] }]);
  expect(await ask('/health')).toEqual([200, { status: 'alive' }]);
  reason = null;
  expect(await ask('/ready')).toEqual([200, { status: 'ready', reasons: [] }]);
});
