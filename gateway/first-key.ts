/** The first key of an admin: made where there is no gateway yet. A gateway is told its hash by a setting. Pure but for chance. */
import { makeSecret, writeKey } from './key-text.ts';

export interface FirstKey {
  readonly text: string;
  /** A line of an environment or a `.env` file. */
  readonly setting: string;
}

export function makeFirstKey(tenant: string): FirstKey {
  const { id, secret, hash } = makeSecret();
  const text = writeKey({ kind: 'key', tenant, id, secret });
  return { text, setting: `OIO_ADMIN_KEY_HASH=${tenant}:${id}:${hash}` };
}
