import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { AgentOut } from '#protocols/eap/message.ts';
import { LIMITS } from '#protocols/limits.ts';
import { ArtifactRefused, cutArtifact } from './artifacts.ts';
import { newHead } from './head.ts';

const about = { name: 'out.bin', role: 'result', mediaType: 'application/octet-stream' } as const;

test('the pieces of an artifact put together are the artifact', () => {
  const bytes = randomBytes(300 * 1024 + 7);

  const pieces = [...cutArtifact('a1', { ...about, bytes })];

  expect(pieces.map((piece) => piece.chunk)).toEqual([0, 1, 2].map((index) => ({ index, count: 3 })));
  expect(Buffer.concat(pieces.map((piece) => Buffer.from(piece.data, 'base64')))).toEqual(bytes);
  expect(pieces[2]).toMatchObject({
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
});

test('every piece fits into a message', () => {
  const bytes = new Uint8Array(LIMITS.artifactChunkBytesMax + 1);

  for (const piece of cutArtifact('a1', { ...about, bytes })) {
    const message = { ...newHead(), kind: 'artifact', taskId: 't', attempt: 1, ...piece };
    expect(AgentOut.safeParse(message).error).toBeUndefined();
    expect(JSON.stringify(message).length).toBeLessThan(LIMITS.messageBytesMax);
  }
});

test('an empty artifact is one empty piece', () => {
  const pieces = [...cutArtifact('a1', { ...about, bytes: '' })];

  expect(pieces).toHaveLength(1);
  expect(pieces[0]).toMatchObject({ sizeBytes: 0, chunk: { index: 0, count: 1 }, data: '' });
  expect(
    AgentOut.safeParse({ ...newHead(), kind: 'artifact', taskId: 't', attempt: 1, ...pieces[0] }).success,
  ).toBe(true);
});

test('text goes as UTF-8', () => {
  const [piece] = [...cutArtifact('a1', { ...about, bytes: 'größer' })];

  expect(piece?.sizeBytes).toBe(8);
  expect(Buffer.from(piece?.data ?? '', 'base64').toString('utf8')).toBe('größer');
});

test('bytes that change while the artifact is under way do not change it', () => {
  const bytes = new Uint8Array(LIMITS.artifactChunkBytesMax * 2).fill(1);
  const pieces = cutArtifact('a1', { ...about, bytes });

  const first = pieces.next().value;
  bytes.fill(2);
  const second = pieces.next().value;

  expect(second?.data).toBe(first?.data);
});

test('an artifact past the limit is refused with its size', () => {
  const bytes = new Uint8Array(LIMITS.artifactBytesMax + 1);

  expect(() => cutArtifact('a1', { ...about, bytes }).next()).toThrow(ArtifactRefused);
  expect(() => cutArtifact('a1', { ...about, bytes }).next()).toThrow(/33554433 bytes; at most 32 MiB/);
});
