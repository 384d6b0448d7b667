/**
 * Reads a stretch of the event stream by a consumer of its own.
 *
 * R1. The consumer is taken away when it was read, and nobody waits for that; one that stays behind removes itself soon.
 *     A thousand viewers that come again leave no thousand consumers.
 */
import { AckPolicy, DeliverPolicy, type JsMsg, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { STREAMS } from '#protocols/subjects.ts';

const API_TIMEOUT_MS = 5_000;
const FETCH_WITHIN_MS = 5_000;
const CONSUMER_KEPT_MS = 10_000;

export interface EventRange {
  /** They must not overlap. */
  readonly filters: readonly string[];
  readonly afterSeq: number;
  readonly limit: number;
}

/** The oldest `limit` messages of the range that the consumer's server has by now: see `past-page.ts` for what that is worth. */
export async function readEvents(connection: NatsConnection, range: EventRange): Promise<JsMsg[]> {
  const options = { timeout: API_TIMEOUT_MS, checkAPI: false };
  const manager = await jetstreamManager(connection, options);
  const info = await manager.consumers.add(STREAMS.events, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: range.afterSeq + 1,
    filter_subjects: [...range.filters],
    inactive_threshold: nanos(CONSUMER_KEPT_MS),
    mem_storage: true,
    num_replicas: 1,
  });
  try {
    const waiting = Math.min(info.num_pending, range.limit);
    const messages: JsMsg[] = [];
    if (waiting === 0) return messages;
    const consumer = jetstream(connection, options).consumers.getConsumerFromInfo(info);
    for await (const message of await consumer.fetch({ max_messages: waiting, expires: FETCH_WITHIN_MS })) {
      messages.push(message);
      if (messages.length === waiting) break;
    }
    return messages;
  } finally {
    // Where it is gone already or its server is away, there is nothing to be done.
    void manager.consumers.delete(STREAMS.events, info.name).catch(() => false);
  }
}
