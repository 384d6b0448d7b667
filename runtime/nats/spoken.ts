/** Core NATS as agents speak it: one request with one answer, and what is said on a subject. */
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { within } from './deadline.ts';

const FLUSH_WITHIN_MS = 2_000;

/** The answer, as JSON has it; null where nobody answered in time. Throws where NATS is away. */
export async function request(
  connection: NatsConnection,
  subject: string,
  { body, timeoutMs }: { readonly body: unknown; readonly timeoutMs: number },
): Promise<unknown> {
  try {
    const answer = await connection.request(subject, JSON.stringify(body), { timeout: timeoutMs });
    return answer.json();
  } catch (error) {
    const isSilence =
      error instanceof TimeoutError || error instanceof NoRespondersError || error instanceof RequestError;
    if (isSilence) return null;
    throw error;
  }
}

/** Resolves once the server hears for us: all that is said from then on is told. Returns what ends it. */
export async function listen(
  connection: NatsConnection,
  subject: string,
  onSaid: (body: unknown) => void,
): Promise<() => void> {
  const subscription = connection.subscribe(subject, {
    callback: (error, message) => {
      if (!error) onSaid(readJson(message.data));
    },
  });
  try {
    await within(connection.flush(), FLUSH_WITHIN_MS, 'listening');
  } catch (error) {
    subscription.unsubscribe();
    throw error;
  }
  return () => subscription.unsubscribe();
}

function readJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(data));
  } catch {
    // Whoever listens finds that it is no message.
    return null;
  }
}
