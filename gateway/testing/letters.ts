/** Dead letters for tests of the routes. */
import type { MemoryClient } from '#runtime/testing/client.ts';

export const LETTER_NOBODY_HAS = '0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d';

/** A letter of a command to the session `to`. Returns its id. */
export function putLetter(
  client: MemoryClient,
  seq: number,
  part: { to?: string; type?: string; reason?: 'defect' | 'invalid_message'; error?: string } = {},
): string {
  const { to = 's1', type = 'start', reason = 'defect', error = 'Error: on purpose' } = part;
  const address = `session/dev/${to}`;
  const source = { kind: 'command', key: `key-${seq}`, bodyHash: 'a'.repeat(64), by: 'user:dev' };
  const body = JSON.stringify({
    id: `m${seq}`,
    to: address,
    message: { type },
    source,
    cause: 'c',
    root: 'r',
  });
  return client.setAside(seq, { address, body, reason, error });
}

/** A message that is no envelope. */
export function putNonsense(client: MemoryClient, seq: number): string {
  return client.setAside(seq, {
    reason: 'malformed',
    error: 'not JSON',
    body: 'no json',
    stateVersion: null,
  });
}
