/** Loads on core NATS: each node tells its own a few times a second while there is something to tell. */
import type { NatsConnection } from '@nats-io/transport-node';
import { NODE_LOADS } from '#protocols/subjects.ts';
import { LoadReport } from '../load-report.ts';

const TELL_MS = 200;
const decoder = new TextDecoder();

/** Begins to tell; returns what ends it. */
export function tellLoads(connection: NatsConnection, report: () => LoadReport): () => void {
  let wasEmpty = true;
  const timer = setInterval(() => {
    if (connection.isClosed()) return;
    const load = report();
    const isEmpty = load.partitions.length === 0;
    // The first empty one says that it is over.
    if (!isEmpty || !wasEmpty) connection.publish(NODE_LOADS, JSON.stringify(load));
    wasEmpty = isEmpty;
  }, TELL_MS);
  return () => clearInterval(timer);
}

/** Begins to listen; returns what ends it. What is no report is passed over: anybody may publish on a subject. */
export function hearLoads(connection: NatsConnection, onReport: (report: LoadReport) => void): () => void {
  const subscription = connection.subscribe(NODE_LOADS, {
    callback: (error, message) => {
      const report = error ? null : parseReport(message.data);
      if (report) onReport(report);
    },
  });
  return () => subscription.unsubscribe();
}

function parseReport(data: Uint8Array): LoadReport | null {
  try {
    return LoadReport.parse(JSON.parse(decoder.decode(data)));
  } catch {
    return null;
  }
}
