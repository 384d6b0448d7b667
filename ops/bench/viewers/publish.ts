/** Events at a steady rate, as nodes record them: tasks that progress, one in a hundred that fails. */
import type { NatsConnection } from '@nats-io/transport-node';
import type { EventRecord } from '#protocols/events.ts';
import { eventSubject } from '#protocols/subjects.ts';

const EVERY_MS = 10;
const TASKS = 200;

/** Returns what ends it. */
export function publish(connection: NatsConnection, perSecond: number): () => void {
  const beganMs = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - beganMs) / 1_000) * perSecond);
    for (; sent < due; sent++) publishOne(connection, sent);
  }, EVERY_MS);
  return () => clearInterval(timer);
}

/** Of the machine, not of a process: what one stamps another can compare, to the microsecond. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

function publishOne(connection: NatsConnection, n: number): void {
  const address = { type: 'task', tenant: 'dev', id: `task-${n % TASKS}` };
  const name = n % 100 === 0 ? 'transitioned' : 'progressed';
  const record: EventRecord = {
    id: `e.${n}`,
    address: `task/dev/${address.id}`,
    name,
    version: n,
    at: new Date().toISOString(),
    cause: `c.${n}`,
    root: `c.${n}`,
    payload: {
      session_id: 'session-1',
      ...(name === 'transitioned' && { to: 'failed' }),
      sent: monotonicMs(),
    },
  };
  connection.publish(eventSubject(address, name), JSON.stringify(record));
}
