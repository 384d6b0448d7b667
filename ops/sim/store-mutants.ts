/** Stores that break a promise, and nodes that misunderstand theirs. */
import { formatAddress } from '#protocols/address.ts';
import type { Batch, CommitOutcome, LoadedActor, Snapshot, Store, TimerRow } from '#runtime/store.ts';
import type { Mutant } from './mutant.ts';
import { replaced } from './replaced.ts';
import type { World } from './world.ts';

/** A store that writes each batch as `change` says. */
function writing(change: (batch: Batch) => Batch): (world: World) => Store {
  return ({ store }) => replaced<Store>(store, { commit: (batches) => store.commit(batches.map(change)) });
}

/** A store that moves every row that `isMoved` lets it, whatever the fence says. */
function fencing(
  isMoved: (batch: Batch, row: { epoch: number; batch: number }) => boolean,
): (world: World) => Store {
  return ({ store }) =>
    replaced<Store>(store, {
      async commit(batches) {
        const repeated = batches.filter((batch) => batch.replies.some((reply) => store.isKnown(reply)));
        const moved = batches.filter((batch) => {
          const row = store.partition(batch.partition);
          return row && !repeated.includes(batch) && isMoved(batch, row);
        });
        for (const batch of moved) store.apply(batch);
        return outcomeOf(moved, repeated);
      },
    });
}

function outcomeOf(moved: readonly Batch[], repeated: readonly Batch[]): CommitOutcome {
  const ids = (batches: readonly Batch[]) => new Set(batches.map((batch) => batch.partition));
  return { committed: ids(moved), repeated: ids(repeated) };
}

/** Nothing is known of any key; the callers' own look at the replies goes on as it did. */
function forgettingKeys({ store }: World): Store {
  return replaced<Store>(store, {
    async commit(batches) {
      const moved = batches.filter(({ partition, epoch, batch }) => {
        const row = store.partition(partition);
        return row?.epoch === epoch && row.batch === batch;
      });
      for (const batch of moved) store.apply(batch);
      return outcomeOf(moved, []);
    },
    findReplies: async () => [],
  });
}

/** Snapshots and replies are written before the row is looked at, and stay when it does not match. */
function halfWriting({ store }: World): Store {
  return replaced<Store>(store, {
    async commit(batches) {
      const outcome = await store.commit(batches);
      for (const batch of batches) {
        if (!outcome.committed.has(batch.partition) && !outcome.repeated.has(batch.partition)) {
          store.applyActors(batch);
        }
      }
      return outcome;
    },
  });
}

/** Loads come from a copy that is behind. */
function laggingCopy({ store, clock }: World): Store {
  const before = new Map<string, { actor: LoadedActor; untilMs: number }>();
  return replaced<Store>(store, {
    async commit(batches) {
      const addresses = batches.flatMap((batch) => batch.snapshots.map((snapshot) => snapshot.address));
      for (const actor of await store.load(addresses)) {
        before.set(formatAddress(actor.address), { actor, untilMs: clock.now() + 300 });
      }
      return store.commit(batches);
    },
    async load(addresses) {
      return (await store.load(addresses)).map((actor) => {
        const old = before.get(formatAddress(actor.address));
        return old && clock.now() < old.untilMs ? old.actor : actor;
      });
    },
  });
}

/** A row goes when the target has read past its message, applied or not. */
function settlingByCursor({ store, log }: World): Store {
  return replaced<Store>(store, {
    async settleOutbox(partitions) {
      for (const row of store.rows.outbox) {
        if (!partitions.includes(row.partition) || row.lane === 'event') continue;
        const target = store.partition(row.target);
        const cursor = row.lane === 'data' ? target?.cursor : target?.controlCursor;
        const message = log.messages(row.lane, row.target).find(({ id }) => id.startsWith(row.id));
        if (message && message.seq <= (cursor?.seq ?? 0)) store.dropOutbox(row);
      }
    },
  });
}

/** What was given out to be sent is taken for sent. */
function takingOnce({ store }: World): Store {
  const taken = new Set<string>();
  return replaced<Store>(store, {
    async takeDueTimers(partitions, limitEach) {
      const due = await store.takeDueTimers(partitions, limitEach);
      const nameOf = (timer: TimerRow) => `${formatAddress(timer.address)} ${timer.key} ${timer.generation}`;
      const fresh = due.filter((timer) => !taken.has(nameOf(timer)));
      for (const timer of fresh) taken.add(nameOf(timer));
      return fresh;
    },
  });
}

function withoutRecurrence(timers: Snapshot['timers']): Snapshot['timers'] {
  return Object.fromEntries(
    Object.entries(timers).map(([key, { generation, atMs }]) => [key, { generation, atMs }]),
  );
}

export const STORE_MUTANTS: readonly Mutant[] = [
  { name: 'a commit is not fenced at all', serverStore: fencing(() => true) },
  {
    name: 'a commit is fenced by its number, not by its epoch',
    serverStore: fencing((batch, row) => batch.batch === row.batch),
  },
  {
    name: 'a commit is fenced by its epoch, not by its number',
    serverStore: fencing((batch, row) => batch.epoch === row.epoch),
    nodeStore: commitAgain,
  },
  { name: 'known keys are not looked for', serverStore: forgettingKeys },
  { name: 'snapshots are written although the row did not match', serverStore: halfWriting },
  { name: 'a new owner loads from a copy that is behind', serverStore: laggingCopy },
  { name: 'outbox rows go by the cursor of their target', serverStore: settlingByCursor },
  { name: 'inbound counters are not written', serverStore: writing((batch) => ({ ...batch, inbound: [] })) },
  {
    name: 'outbound counters are not written',
    serverStore: writing((batch) => ({ ...batch, outbound: [] })),
  },
  { name: 'the outbox is not written', serverStore: writing((batch) => ({ ...batch, outbox: [] })) },
  { name: 'replies are not written', serverStore: writing((batch) => ({ ...batch, replies: [] })) },
  {
    name: 'mail of suspended actors is not kept',
    serverStore: writing((batch) => ({ ...batch, mailKept: [] })),
  },
  {
    name: 'mail that was kept and taken stays',
    serverStore: writing((batch) => ({ ...batch, mailTaken: [] })),
  },
  {
    name: 'who is suspended is not written',
    serverStore: writing((batch) => ({ ...batch, supervised: [] })),
  },
  { name: 'dead letters are not written', serverStore: writing((batch) => ({ ...batch, deadLetters: [] })) },
  {
    name: 'what became of a replay is not written',
    serverStore: writing((batch) => ({ ...batch, replays: [] })),
  },
  {
    name: 'the keys of replays are not kept',
    serverStore: writing((batch) => ({
      ...batch,
      replies: batch.replies.filter(({ key }) => !key.startsWith('replay:')),
    })),
  },
  {
    name: 'what was passed over is not written',
    serverStore: writing((batch) => ({ ...batch, skipped: [] })),
  },
  {
    name: 'the cursor of control is not written',
    serverStore: writing((batch) => ({ ...batch, controlCursor: { seq: 0, id: null } })),
  },
  {
    name: 'the timers of a snapshot are not written',
    serverStore: writing((batch) => ({
      ...batch,
      snapshots: batch.snapshots.map((snapshot) => ({ ...snapshot, timers: {} })),
    })),
  },
  { name: 'rows of timers are not written', serverStore: writing((batch) => ({ ...batch, timersSet: [] })) },
  {
    name: 'rows of timers that came stay',
    serverStore: writing((batch) => ({ ...batch, timersDropped: [] })),
  },
  {
    name: 'timers come before their time',
    serverStore: ({ store, clock }) =>
      replaced<Store>(store, {
        takeDueTimers: async (partitions) =>
          store.rows.timers.filter(
            ({ partition, atMs }) => partitions.includes(partition) && atMs - 1_000 <= clock.now(),
          ),
      }),
  },
  { name: 'a timer is sent once and never again', serverStore: takingOnce },
  {
    name: 'a repeating timer is forgotten to be one',
    serverStore: writing((batch) => ({
      ...batch,
      snapshots: batch.snapshots.map((snapshot) => ({
        ...snapshot,
        timers: withoutRecurrence(snapshot.timers),
      })),
    })),
  },
  {
    name: 'reconciling keeps the cursors',
    serverStore: ({ store }) =>
      replaced<Store>(store, { reconcile: (partition, epoch) => store.acquire(partition, epoch, 'nobody') }),
  },
  {
    name: 'a partition is given free whoever has it',
    serverStore: ({ store }) =>
      replaced<Store>(store, {
        async release(partition) {
          const row = store.partition(partition);
          if (row) await store.release(partition, row.epoch);
        },
      }),
  },
  {
    name: 'a commit of unknown outcome is taken for done',
    nodeStore: (store) =>
      replaced(store, {
        commit: (batches) => store.commit(batches).catch(() => outcomeOf(batches, [])),
      }),
  },
  {
    name: 'what was not committed leaves as well',
    nodeStore: (store) =>
      replaced(store, {
        async commit(batches) {
          await store.commit(batches);
          return outcomeOf(batches, []);
        },
      }),
  },
  {
    name: 'effects leave before their commit',
    nodeStore: (store, { log }) =>
      replaced(store, {
        commit(batches) {
          const encoder = new TextEncoder();
          for (const { subject, id, body } of batches.flatMap((batch) => batch.outbox)) {
            log.publish({ subject, id, bytes: encoder.encode(body) }).catch(() => undefined);
          }
          return store.commit(batches);
        },
      }),
  },
  {
    name: 'a commit is reported before it is made',
    nodeStore: (store) =>
      replaced(store, {
        async commit(batches) {
          store.commit(batches).catch(() => undefined);
          return outcomeOf(batches, []);
        },
      }),
  },
];

/** A node that sends a commit of unknown outcome again under the same epoch. */
function commitAgain(store: Store): Store {
  return replaced(store, { commit: (batches) => store.commit(batches).catch(() => store.commit(batches)) });
}
