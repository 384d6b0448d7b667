/** Logging in and out, and who one is. */

import { client, told } from './api.ts';
import { knowMe, wantKey } from './create-access.ts';

/** Asks who this is. Where the gateway wants a key, that is known by then; where it is away, others will say so. */
export async function readMe(): Promise<void> {
  await client.getMe().then(knowMe, () => undefined);
}

/** Rejects with what to say. */
export async function logIn(key: string): Promise<void> {
  knowMe(await told(client.login({ body: { key } })));
}

export async function logOut(): Promise<void> {
  await client.logout().catch(() => undefined);
  wantKey();
}
