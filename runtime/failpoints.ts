/**
 * Named places at which a node can be told to die, for tests that kill it there. They lie in the ports: a production
 * node gets its ports bare and knows nothing of this file.
 *
 * F1. A point is reached exactly where its name says: `before` nothing was asked of the store or the log yet, `after`
 *     it has answered and the node knows nothing of it yet; `commit.sent` lies between the two.
 * F2. The nth time that the armed point is reached ends the process at once, by SIGKILL: nothing is tidied up.
 */
import { z } from 'zod';
import type { Log } from './log.ts';
import type { Store } from './store.ts';

export const FAILPOINTS = [
  'acquire.before',
  'acquire.after',
  'counters.after',
  'load.before',
  'load.after',
  'commit.before',
  'commit.sent',
  'commit.known',
  'publish.before',
  'publish.after',
  'settle.before',
  'settle.after',
  'timers.read',
  'trim.before',
  'trim.after',
  'release.before',
  'release.after',
] as const;
export type Failpoint = (typeof FAILPOINTS)[number];

export interface ArmedFailpoint {
  readonly point: Failpoint;
  /** From 1. */
  readonly time: number;
}

/** The ports in which the points lie. */
export interface Ports {
  readonly store: Store;
  readonly log: Log;
}

const Setting = z
  .string()
  .regex(/^[a-z.]+:[1-9]\d{0,6}$/, 'name:n, as commit.sent:3')
  .transform((text) => {
    const [point = '', time = '1'] = text.split(':');
    return { point, time: Number(time) };
  })
  .pipe(z.object({ point: z.enum(FAILPOINTS), time: z.number() }));

/** Reads `name:n`; throws where there is no such point. */
export function parseFailpoint(text: string): ArmedFailpoint {
  return Setting.parse(text);
}

/** The ports with the armed point in them; `die` is called when it is reached. */
export function withFailpoint(ports: Ports, armed: ArmedFailpoint, die: () => void): Ports {
  let times = 0;
  const reach = (point: Failpoint): void => {
    if (point === armed.point && ++times === armed.time) die();
  };
  return { store: pointsInStore(ports.store, reach), log: pointsInLog(ports.log, reach) };
}

type Reach = (point: Failpoint) => void;

function pointsInStore(store: Store, reach: Reach): Store {
  const around = <Parameters extends unknown[], Value>(
    [before, after]: readonly [Failpoint | null, Failpoint | null],
    call: (...parameters: Parameters) => Promise<Value>,
  ) => {
    return async (...parameters: Parameters): Promise<Value> => {
      if (before) reach(before);
      const value = await call(...parameters);
      if (after) reach(after);
      return value;
    };
  };
  return instead<Store>(store, {
    acquire: around(['acquire.before', 'acquire.after'], store.acquire.bind(store)),
    counters: around([null, 'counters.after'], store.counters.bind(store)),
    load: around(['load.before', 'load.after'], store.load.bind(store)),
    settleOutbox: around(['settle.before', 'settle.after'], store.settleOutbox.bind(store)),
    release: around(['release.before', 'release.after'], store.release.bind(store)),
    async commit(batches) {
      reach('commit.before');
      const outcome = store.commit(batches);
      // The driver writes to its socket at the end of this turn of the event loop.
      setImmediate(() => setImmediate(() => reach('commit.sent')));
      const known = await outcome;
      reach('commit.known');
      return known;
    },
    async takeDueTimers(partitions, limitEach) {
      const due = await store.takeDueTimers(partitions, limitEach);
      if (due.length > 0) reach('timers.read');
      return due;
    },
  });
}

function pointsInLog(log: Log, reach: Reach): Log {
  return instead<Log>(log, {
    async publish(entry) {
      reach('publish.before');
      await log.publish(entry);
      reach('publish.after');
    },
    async trim(lane, partition, seq) {
      reach('trim.before');
      await log.trim(lane, partition, seq);
      reach('trim.after');
    },
  });
}

/** The port with some of its methods replaced; the others, also those to come, go to the port itself. */
function instead<Port extends object>(port: Port, own: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      const replaced: unknown = Reflect.get(own, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
