import { expect, test } from 'vitest';
import { refuseArtifact } from './artifact-quota.ts';
import { MemoryClient } from './testing/client.ts';

const SCHEDULER = { type: 'scheduler', tenant: 'dev', id: 'sessions' };
const MIB = 1024 * 1024;

function makeClient(artifact_bytes: number): MemoryClient {
  const client = new MemoryClient();
  const used = { month: '2026-01', tokens: 0, artifact_bytes };
  client.put(SCHEDULER, { quota: { artifact_bytes: 10 * MIB }, used });
  return client;
}

const ask = (client: MemoryClient, sizeBytes: number, isFirst = true) =>
  refuseArtifact(client, 'dev', { artifact: { sizeBytes, isFirst }, message: null });

test('an artifact for which the tenant has no room is refused before any of it is stored', async () => {
  expect(await ask(makeClient(9 * MIB), MIB)).toBeNull();
  expect(await ask(makeClient(9 * MIB), MIB + 1)).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    quota: { name: 'artifact_bytes', limit: 10 * MIB, used: 9 * MIB },
  });
  expect(await ask(new MemoryClient(), 2 * 1024 * MIB)).toMatchObject({ quota: { limit: 1024 * MIB } });
});

test('it is asked again when the artifact is made known, and not for each piece between', async () => {
  const client = makeClient(10 * MIB);
  const artifact = { sizeBytes: 1, isFirst: false };

  expect(await ask(client, 1, false)).toBeNull();
  expect(await refuseArtifact(client, 'dev', { artifact, message: { type: 'artifact' } })).toMatchObject({
    code: 'QUOTA_EXCEEDED',
  });
  expect(await refuseArtifact(client, 'dev', { message: { type: 'progress' } })).toBeNull();
});
