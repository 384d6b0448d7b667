/** What the runtime itself puts into an actor's log, ready to be published. */
import { type Address, formatAddress } from '#protocols/address.ts';
import { type Envelope, encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import type { Routes } from './batch.ts';
import type { Entry } from './log.ts';

/** A message of its own, which nothing caused. */
export function entryTo(
  to: Address,
  part: Pick<Envelope, 'id' | 'message' | 'source'>,
  routes: Routes,
): Entry {
  const lane = routes.isControl(to.type, part.message.type) ? 'control' : 'data';
  return {
    subject: laneSubject(lane, partitionOf(to, routes.partitionCount)),
    id: part.id,
    bytes: encodeEnvelope({ ...part, to: formatAddress(to), root: part.id }),
  };
}
