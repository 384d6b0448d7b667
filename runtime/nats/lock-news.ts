/** What happens to locks, as it passes on core NATS: one subscription for all who wait, and none while nobody does. */
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import { EventRecord } from '#protocols/events.ts';
import { LOCK_EVENTS_ALL } from '#protocols/subjects.ts';

type Listener = (record: EventRecord) => void;

export class LockNews {
  readonly #connection: NatsConnection;
  readonly #listeners = new Map<string, Set<Listener>>();
  #subscription: Subscription | null = null;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  /** Calls `onEvent` for events of that tenant's locks; some may be missed. Returns what ends it. */
  hear(tenant: string, onEvent: Listener): () => void {
    const listeners = this.#listeners.get(tenant) ?? new Set();
    this.#listeners.set(tenant, listeners.add(onEvent));
    this.#subscription ??= this.#connection.subscribe(LOCK_EVENTS_ALL, {
      callback: (error, message) => {
        if (!error) this.#pass(message);
      },
    });
    return () => {
      listeners.delete(onEvent);
      if (listeners.size === 0 && this.#listeners.get(tenant) === listeners) this.#listeners.delete(tenant);
      if (this.#listeners.size === 0) this.stop();
    };
  }

  stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
  }

  #pass(message: Msg): void {
    const listeners = this.#listeners.get(message.subject.split('.')[1] ?? '');
    if (!listeners) return;
    const record = parse(message);
    if (record) for (const listener of [...listeners]) listener(record);
  }
}

/** Anybody may publish on a subject: what is no event is nothing. */
function parse(message: Msg): EventRecord | null {
  try {
    return EventRecord.parse(message.json());
  } catch {
    return null;
  }
}
