/** A message of a stream as the runtime sees it. */
import type { JsMsg } from '@nats-io/jetstream';
import type { Delivery } from '../log.ts';

export const ID_HEADER = 'Nats-Msg-Id';

export function toDelivery(message: JsMsg): Delivery {
  return {
    seq: message.info.streamSequence,
    id: message.headers?.get(ID_HEADER) ?? '',
    atMs: Math.floor(message.info.timestampNanos / 1_000_000),
    bytes: message.data,
  };
}
