/** Ids and the head of what an agent says. */
import { randomBytes } from 'node:crypto';
import { EAP_VERSION } from '#protocols/eap/message.ts';
import { uuidFromTime } from '#protocols/ids.ts';

export function newId(): string {
  return uuidFromTime(Date.now(), randomBytes(10).toString('hex'));
}

/** Version, a fresh id and the time: what every message begins with. */
export function newHead(): { eap: typeof EAP_VERSION; id: string; ts: string } {
  return { eap: EAP_VERSION, id: newId(), ts: new Date().toISOString() };
}
