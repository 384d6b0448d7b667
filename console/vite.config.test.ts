import { expect, test } from 'vitest';
import config from './vite.config.ts';

test('in development every path of the gateway keeps the host of the page: it refuses acts of pages of another one', () => {
  const proxies = Object.entries(config.server?.proxy ?? {});

  expect(proxies.map(([path]) => path)).toEqual(expect.arrayContaining(['/api', '/events', '/ws', '/docs']));
  // An address alone would have Vite put the gateway's own host in place of the page's.
  for (const [, proxy] of proxies) expect(proxy).toMatchObject({ changeOrigin: false });
});
