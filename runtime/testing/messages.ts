/** Messages in the partitions' logs, in memory: each lane a list, numbered from 1. */
import { parseAddress } from '#protocols/address.ts';
import type { Envelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { eventSubject, type Lane, subjectMatches } from '#protocols/subjects.ts';
import type { LiveEvent } from '../event-feed.ts';
import type {
  EventsRange,
  LoggedMessage,
  MessagePage,
  MessageQuery,
  MessageRange,
  Messages,
  MessageWatch,
} from '../messages.ts';

const PARTITIONS = 4;

export class MemoryMessages implements Messages {
  readonly #logs: Readonly<Record<Lane, LoggedMessage[]>> = { data: [], control: [] };
  readonly #watchers = new Set<(message: LoggedMessage) => void>();
  readonly #nowMs: () => number;
  readonly #events: () => readonly LiveEvent[];
  /** How often reading was begun by those who watch. */
  watchesStarted = 0;

  constructor(nowMs: () => number, events: () => readonly LiveEvent[]) {
    this.#nowMs = nowMs;
    this.#events = events;
  }

  /** Those who watch now. */
  get watching(): number {
    return this.#watchers.size;
  }

  /** Appends a message as a node or a gateway would. */
  add(lane: Lane, envelope: Envelope, atMs = this.#nowMs()): LoggedMessage {
    const log = this.#logs[lane];
    const partition = partitionOf(parseAddress(envelope.to), PARTITIONS);
    const bytes = JSON.stringify(envelope).length;
    const message: LoggedMessage = { lane, seq: log.length + 1, partition, atMs, bytes, envelope };
    log.push(message);
    for (const tell of this.#watchers) setImmediate(() => tell(message));
    return message;
  }

  async watch(onMessage: (message: LoggedMessage) => void): Promise<MessageWatch> {
    this.watchesStarted += 1;
    this.#watchers.add(onMessage);
    return {
      sinceMs: this.#nowMs(),
      stop: async () => {
        this.#watchers.delete(onMessage);
      },
    };
  }

  async at(lane: Lane, seq: number): Promise<LoggedMessage | null> {
    return this.#logs[lane][seq - 1] ?? null;
  }

  async read({ lane, near, from, untilMs, limit, idPrefix = '' }: MessageQuery): Promise<MessagePage> {
    const wanted = near?.map((one) => (typeof one === 'number' ? one : partitionOf(one, PARTITIONS)));
    const matching = this.#logs[lane].filter(
      ({ seq, atMs, partition, envelope }) =>
        ('seq' in from ? seq >= from.seq : atMs >= from.atMs) &&
        atMs <= (untilMs ?? Number.POSITIVE_INFINITY) &&
        (wanted?.includes(partition) ?? true) &&
        envelope.id.startsWith(idPrefix),
    );
    const messages = matching.slice(0, limit);
    const isMore = messages.length < matching.length;
    return { messages, nextSeq: isMore ? (messages.at(-1)?.seq ?? 0) + 1 : null };
  }

  async find(id: string, range: MessageRange): Promise<LoggedMessage | null> {
    const { messages } = await this.read({ ...range, limit: Number.POSITIVE_INFINITY });
    return messages.find(({ envelope }) => envelope.id === id) ?? null;
  }

  async events({ of, fromMs, limit }: EventsRange): Promise<LiveEvent[]> {
    const filter = eventSubject(of, '*');
    const events = this.#events().filter(({ subject }) => subjectMatches(filter, subject));
    return events.filter(({ record }) => Date.parse(record.at) >= fromMs).slice(0, limit);
  }
}
