/** Logs that break a promise, and nodes that trust theirs too much. */
import { decodeEnvelope, encodeEnvelope } from '#protocols/envelope.ts';
import type { Log, Position, Reader } from '#runtime/log.ts';
import type { Mutant, NodeTools } from './mutant.ts';
import { replaced } from './replaced.ts';

const EFFECT_ID = /^e\.\d+\.-?\d+\.\w+\.\d+/;

/** An outbox row is deleted when the log says that it has the message. */
function forgettingWhenPublished(log: Log, { world }: NodeTools): Log {
  return replaced(log, {
    async publish(entry) {
      await log.publish(entry);
      const id = EFFECT_ID.exec(entry.id)?.[0];
      const row = world.store.rows.outbox.find((one) => one.id === id);
      if (row) world.store.dropOutbox(row);
    },
  });
}

/** A reader that finds another log goes on in it from where it was. */
function goingOnRegardless(log: Log): Log {
  const read: Log['read'] = async (options) => {
    let isStopped = false;
    let current: Reader | null = null;
    const open = async (after: Position): Promise<void> => {
      const reader = await log.read({ ...options, after, onBroken: () => void goOn() });
      current = reader;
      if (isStopped) await reader.stop();
    };
    const goOn = () => (isStopped ? undefined : open({ seq: options.after.seq, id: null }));
    await open(options.after);
    return {
      get pending() {
        return current?.pending ?? 0;
      },
      async stop() {
        isStopped = true;
        await current?.stop();
      },
    };
  };
  return replaced(log, { read });
}

/** A reader that now and then drops what it should hand on. */
function skipping(log: Log, { world }: NodeTools): Log {
  return replaced(log, {
    read: (options) =>
      log.read({
        ...options,
        onDelivery: (delivery) => (world.random.chance(0.02) ? undefined : options.onDelivery(delivery)),
      }),
  });
}

/** A reader that now and then hands the same on twice, the number of an effect raised to the next. */
function countingAnew(log: Log, { world }: NodeTools): Log {
  return replaced(log, {
    read: (options) =>
      log.read({
        ...options,
        async onDelivery(delivery) {
          await options.onDelivery(delivery);
          const text = new TextDecoder().decode(delivery.bytes);
          const n = /"kind":"effect".*"n":(\d+)/.exec(text)?.[1];
          if (!n || !world.random.chance(0.05)) return;
          const bytes = new TextEncoder().encode(text.replace(`"n":${n}`, `"n":${Number(n) + 1}`));
          await options.onDelivery({ ...delivery, bytes });
        },
      }),
  });
}

export const LOG_MUTANTS: readonly Mutant[] = [
  {
    name: 'an outbox row goes when the log has it, not when its target has counted it',
    nodeLog: forgettingWhenPublished,
  },
  { name: 'a reader does not notice that the log is another one', nodeLog: goingOnRegardless },
  { name: 'a reader skips messages', nodeLog: skipping },
  { name: 'an effect is counted under a number that it does not have', nodeLog: countingAnew },
  {
    name: 'events are forgotten whether or not the stream has them',
    nodeLog: (log) =>
      replaced(log, {
        publish: (entry) =>
          entry.subject.startsWith('evt.') ? log.publish(entry).catch(() => undefined) : log.publish(entry),
      }),
  },
  {
    name: 'what is sent again goes out under the same id',
    nodeLog: (log) =>
      replaced(log, {
        publish: (entry) => log.publish({ ...entry, id: EFFECT_ID.exec(entry.id)?.[0] ?? entry.id }),
      }),
  },
  {
    name: 'an answer counts whether or not somebody still waits for it',
    nodeLog: (log) =>
      replaced(log, {
        publish(entry) {
          const decoded = decodeEnvelope(entry.bytes);
          if (!decoded.ok) return log.publish(entry);
          const { answer, ...unmarked } = decoded.envelope;
          return log.publish({ ...entry, bytes: encodeEnvelope(unmarked) });
        },
      }),
  },
  {
    name: 'trimming takes what is not applied',
    nodeLog: (log) =>
      replaced(log, { trim: (lane, partition, seq) => log.trim(lane, partition, seq + 10_000) }),
  },
];
