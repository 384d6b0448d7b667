/** The event stream for viewers: what comes from now on, and what came before. */
import type { JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { EventRecord } from '#protocols/events.ts';
import { STREAMS } from '#protocols/subjects.ts';
import type { EventFeed, LiveEvent } from '../event-feed.ts';
import type { Logger } from '../logger.ts';
import { readEvents } from './event-reader.ts';
import { StreamWatch } from './stream-watch.ts';

interface EventTools {
  readonly connection: NatsConnection;
  readonly logger: Logger;
}

export async function watchEvents(
  { connection, logger }: EventTools,
  onEvent: (event: LiveEvent) => void,
): Promise<EventFeed> {
  const watch = new StreamWatch({
    connection,
    logger,
    stream: STREAMS.events,
    pull: { max_messages: 1_000 },
    onMessage(message) {
      const event = toEvent(message);
      if (event) onEvent(event);
      else logger.warn({ subject: message.subject }, 'event of another shape skipped');
    },
  });
  await watch.open();
  return watch;
}

export async function pastEvents(
  connection: NatsConnection,
  { filter, afterSeq, limit }: { filter: string; afterSeq: number; limit: number },
): Promise<LiveEvent[]> {
  const messages = await readEvents(connection, { filters: [filter], afterSeq, limit });
  return messages.map(toEvent).filter((event) => event !== null);
}

export function toEvent(message: JsMsg): LiveEvent | null {
  try {
    const record = EventRecord.parse(message.json());
    return { seq: message.info.streamSequence, subject: message.subject, record };
  } catch {
    // Not JSON, or of another shape: whoever asked says so.
    return null;
  }
}
