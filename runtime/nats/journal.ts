/**
 * Reads a piece of a lane again, for folding: a disposable consumer for each page, and nothing that stays.
 *
 * J5. A page is whole or fails: it ends at its limit, or where the consumer says that nothing more is there.
 */
import {
  AckPolicy,
  DeliverPolicy,
  type JetStreamClient,
  type JetStreamManager,
  ReplayPolicy,
} from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { laneStream, laneSubject } from '#protocols/subjects.ts';
import type { Delivery, JournalPage } from '../log.ts';
import type { Logger } from '../logger.ts';
import { toDelivery } from './delivery.ts';

const PAGE_MS = 10_000;

export async function readJournal(
  tools: { manager: JetStreamManager; stream: JetStreamClient; logger: Logger },
  { lane, partition, after, limit }: JournalPage,
): Promise<Delivery[]> {
  const { manager, stream, logger } = tools;
  const name = laneStream(lane);
  const info = await manager.consumers.add(name, {
    filter_subject: laneSubject(lane, partition),
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: after + 1,
    inactive_threshold: nanos(PAGE_MS),
    mem_storage: true,
    num_replicas: 1,
  });
  try {
    if (info.num_pending === 0) return [];
    const wanted = Math.min(limit, info.num_pending);
    const messages = await stream.consumers
      .getConsumerFromInfo(info)
      .fetch({ max_messages: wanted, expires: PAGE_MS });
    const page: Delivery[] = [];
    for await (const message of messages) {
      page.push(toDelivery(message));
      if (page.length === wanted || message.info.pending === 0) break;
    }
    const isWhole = page.length === wanted;
    if (!isWhole)
      throw new Error(`the journal of ${lane} ${partition} gave ${page.length} of ${wanted} messages`);
    return page;
  } finally {
    // Gone by itself soon, if it can't be deleted now.
    await manager.consumers.delete(name, info.name).catch((error: unknown) => {
      logger.debug({ err: error, consumer: info.name }, 'consumer not deleted');
    });
  }
}
