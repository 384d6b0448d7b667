import { JetStreamApiError } from '@nats-io/jetstream';
import { expect, test } from 'vitest';
import { buildLogger } from '../logger.ts';
import { onceReady } from './once-ready.ts';

const logger = buildLogger({ level: 'silent', role: 'test' });

function failing(errors: Error[]): () => Promise<string> {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
}

const refusal = (code: number, errCode: number) =>
  new JetStreamApiError({ code, err_code: errCode, description: 'refused' });

test('a cluster without a leader, or without all its servers, is asked again', async () => {
  const wrapped = new Error('could not be made', { cause: refusal(503, 10_023) });

  const run = failing([refusal(503, 10_008), refusal(400, 10_005), wrapped]);

  expect(await onceReady(run, { logger })).toBe('done');
});

test('what another moment does not mend, or takes too long, is thrown', async () => {
  await expect(onceReady(failing([refusal(400, 10_058)]), { logger })).rejects.toThrow('refused');
  await expect(onceReady(failing([new Error('other')]), { logger })).rejects.toThrow('other');
  const late = onceReady(failing([refusal(503, 10_008)]), { logger, withinMs: -1 });
  await expect(late).rejects.toThrow('refused');
});
