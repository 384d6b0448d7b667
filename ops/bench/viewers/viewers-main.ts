/**
 * Viewers in a process of their own for the load test. They read no more of a batch than its end: what 50 pages would do
 * on 50 machines must not be done on this one.
 */
import WebSocket from 'ws';
import { monotonicMs } from './publish.ts';

export interface Order {
  readonly address: string;
  readonly lane: 'tail' | 'exact';
  readonly count: number;
  /** One more that reads nothing, or one that reads and acknowledges nothing. */
  readonly stalled: 'none' | 'deaf' | 'silent';
}

export interface Heard {
  readonly lagsMs: readonly number[];
  readonly batches: number;
  readonly bytes: number;
  readonly leftOut: number;
}

const SAMPLES_MAX = 200_000;
const PATHS = { tail: '/ws/traffic?subjects=evt.dev.>', exact: '/ws?acks=true' } as const;

const sockets = new Set<WebSocket>();
let lagsMs: number[] = [];
let batches = 0;
let bytes = 0;
let leftOut = 0;

process.on('message', (message: Order | 'reset' | 'heard' | 'close') => {
  if (message === 'close') for (const socket of sockets) socket.terminate();
  else if (message === 'heard') {
    const heard: Heard = { lagsMs, batches, bytes, leftOut };
    process.send?.(heard);
  } else if (message === 'reset') {
    lagsMs = [];
    [batches, bytes, leftOut] = [0, 0, 0];
  } else void begin(message);
});
process.on('disconnect', () => process.exit(0));

async function begin(order: Order): Promise<void> {
  const url = `${order.address.replace('http', 'ws')}${PATHS[order.lane]}`;
  if (order.stalled !== 'none') stall(url, order.stalled);
  await Promise.all(Array.from({ length: order.count }, () => view(url, order.lane)));
  process.send?.('begun');
}

function view(url: string, lane: Order['lane']): Promise<void> {
  const socket = new WebSocket(url);
  sockets.add(socket);
  socket.on('message', (data: Buffer) => {
    const nowMs = monotonicMs();
    const head = data.toString('latin1', 0, 200);
    const isTail = head.startsWith('{"type":"tail"');
    if (!isTail && head[0] !== '[') return;
    batches += 1;
    bytes += data.length;
    const end = data.toString('latin1', Math.max(0, data.length - 600));
    const sentMs = Number(/"sent":([\d.]+)(?!.*"sent":)/.exec(end)?.[1]);
    if (lagsMs.length < SAMPLES_MAX && sentMs > 0) lagsMs.push(nowMs - sentMs);
    if (isTail) leftOut += Number(/"left_out":(\d+)/.exec(head)?.[1]);
    const place = isTail ? /"through":(\d+)/.exec(head) : /"seq":(\d+)(?!.*"seq":)/.exec(end);
    const name = lane === 'tail' ? 'through' : 'seq';
    if (place) socket.send(`{"type":"ack","${name}":${place[1]}}`);
  });
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve());
    socket.once('error', reject);
  });
}

function stall(url: string, how: 'deaf' | 'silent'): void {
  const socket = new WebSocket(url);
  sockets.add(socket);
  if (how === 'deaf') socket.once('open', () => socket.pause());
}
