/** Any subject, from NATS itself: only what passes while it is followed. */
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { CliFailure, EXIT } from '../exit.ts';
import type { Passing } from './passing.ts';

export interface SubjectToFollow {
  readonly url: string;
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly onPassing: (passing: Passing) => void;
}

const CONNECT_MS = 5_000;

/** Resolves when the signal is aborted; rejects with a CliFailure. */
export async function followNats({ url, subject, signal, onPassing }: SubjectToFollow): Promise<void> {
  const connection = await open(url);
  const end = () => void connection.close();
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) return;
    for await (const message of connection.subscribe(subject)) {
      onPassing({
        at: new Date().toISOString(),
        subject: message.subject,
        seq: null,
        body: toBody(message.data),
      });
    }
    const broken = await connection.closed();
    if (broken && !signal.aborted) {
      throw new CliFailure(EXIT.unreachable, `NATS is gone: ${broken.message}`, { cause: broken });
    }
  } finally {
    signal.removeEventListener('abort', end);
    await connection.close();
  }
}

/** A connection; user and password may stand in the address. */
export async function open(url: string): Promise<NatsConnection> {
  const { username, password, host, protocol } = new URL(url);
  const account =
    username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  try {
    return await connect({
      servers: host,
      timeout: CONNECT_MS,
      ...(protocol === 'tls:' ? { tls: {} } : {}),
      ...account,
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliFailure(EXIT.unreachable, `no NATS answers at ${host}: ${reason}`, {
      mend: 'say where it is with --nats or NATS_URL; `oio doctor` looks what is wrong',
      cause,
    });
  }
}

function toBody(data: Uint8Array): unknown {
  const text = new TextDecoder().decode(data);
  try {
    return JSON.parse(text);
  } catch {
    // Not everything on NATS is JSON: it is shown as text.
    return text;
  }
}
