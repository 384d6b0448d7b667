import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GATEWAY_FLAGS } from './gateway-flags.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');

test('a gateway runs with the same flags by npm, in its image and in the stack of development', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: { gateway: string } };
  const [, image = ''] = /FROM base AS gateway\n([\s\S]*?)\nFROM /.exec(read('ops/docker/Dockerfile')) ?? [];
  const [, options = ''] = /NODE_OPTIONS="([^"]*)"/.exec(image) ?? [];

  expect(scripts.gateway).toBe(`node ${GATEWAY_FLAGS.join(' ')} gateway/main.ts`);
  for (const flag of GATEWAY_FLAGS) expect(options.split(' ')).toContain(flag);
  expect(read('ops/dev/system.ts')).toContain('flags: GATEWAY_FLAGS');
});
