/** Cuts an artifact into the pieces that fit into messages. Pure. */
import { createHash } from 'node:crypto';
import type { AgentOut } from '#protocols/eap/message.ts';
import { uuidFromHash } from '#protocols/ids.ts';
import { LIMITS } from '#protocols/limits.ts';
import { clip } from './result.ts';

type ArtifactOut = Extract<AgentOut, { kind: 'artifact' }>;

export interface NewArtifact {
  readonly name: string;
  readonly role: ArtifactOut['role'];
  readonly mediaType: string;
  /** A string goes as UTF-8. */
  readonly bytes: Uint8Array | string;
}

/** An artifact that cannot be, or was not, stored. */
export class ArtifactRefused extends Error {
  override name = 'ArtifactRefused';
}

export type ArtifactPiece = Pick<
  ArtifactOut,
  'artifactId' | 'name' | 'role' | 'mediaType' | 'sizeBytes' | 'sha256' | 'chunk' | 'data'
>;

/** The same for the same bytes of the same attempt: sent once more after a restart, it is there once. */
export function artifactIdOf(
  { taskId, attempt }: { readonly taskId: string; readonly attempt: number },
  { name, role, bytes }: NewArtifact,
): string {
  const of = createHash('sha256').update(JSON.stringify([taskId, attempt, name, role]));
  return uuidFromHash(of.update(bytes).digest('hex'));
}

/** The pieces in order; made one by one, as they are asked for. No bytes make one empty piece. */
export function* cutArtifact(artifactId: string, artifact: NewArtifact): Generator<ArtifactPiece> {
  const bytes = copyBytes(artifact);
  const about = {
    artifactId,
    name: clip(artifact.name, 255),
    role: artifact.role,
    mediaType: clip(artifact.mediaType, 127),
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  };
  const count = Math.max(1, Math.ceil(bytes.length / LIMITS.artifactChunkBytesMax));
  for (let index = 0; index < count; index++) {
    const from = index * LIMITS.artifactChunkBytesMax;
    const data = bytes.toString('base64', from, Math.min(bytes.length, from + LIMITS.artifactChunkBytesMax));
    yield { ...about, chunk: { index, count }, data };
  }
}

/** A copy: the hash must still be right if the caller goes on to use its buffer. */
function copyBytes(artifact: NewArtifact): Buffer {
  const bytes =
    typeof artifact.bytes === 'string' ? Buffer.from(artifact.bytes, 'utf8') : Buffer.from(artifact.bytes);
  if (bytes.length > LIMITS.artifactBytesMax) {
    const mib = LIMITS.artifactBytesMax / (1024 * 1024);
    throw new ArtifactRefused(
      `artifact ${artifact.name} has ${bytes.length} bytes; at most ${mib} MiB are taken`,
    );
  }
  return bytes;
}
