import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { type Tap, TcpProxy } from './tcp-proxy.ts';

/** A server that says back what it is told, behind a proxy. */
async function open(makeTap: (() => Tap) | null = null) {
  const heard: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (piece: Buffer) => {
      heard.push(piece);
      socket.write(piece);
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('it has a port');
  const proxy = await TcpProxy.open(address.port, makeTap);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return { proxy, heardText: () => Buffer.concat(heard).toString() };
}

async function dial(
  proxy: TcpProxy,
): Promise<{ socket: Socket; told: () => string; isClosed: () => boolean }> {
  const socket = connect(proxy.port, '127.0.0.1');
  const pieces: Buffer[] = [];
  let isClosed = false;
  socket.on('data', (piece: Buffer) => pieces.push(piece));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    isClosed = true;
  });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
  return { socket, told: () => Buffer.concat(pieces).toString(), isClosed: () => isClosed };
}

test('a proxy that was told nothing passes everything on, in both directions', async () => {
  const { proxy } = await open();
  const { socket, told } = await dial(proxy);
  const text = 'x'.repeat(1_000_000);

  socket.write(text);

  await expect.poll(told, { timeout: 5_000 }).toBe(text);
});

test('cut connections are closed for both sides, and new ones are taken', async () => {
  const { proxy } = await open();
  const first = await dial(proxy);
  first.socket.write('a');
  await expect.poll(first.told).toBe('a');

  expect(proxy.cut()).toBe(1);

  await expect.poll(first.isClosed).toBe(true);
  const second = await dial(proxy);
  second.socket.write('b');
  await expect.poll(second.told).toBe('b');
});

test('a refusing proxy lets nobody in', async () => {
  const { proxy, heardText } = await open();
  proxy.refuse(true);

  const { socket, isClosed } = await dial(proxy);
  socket.write('a');

  await expect.poll(isClosed).toBe(true);
  expect(heardText()).toBe('');
});

test('a silent line keeps its connection and its bytes, and goes on afterwards', async () => {
  const { proxy, heardText } = await open();
  const { socket, told, isClosed } = await dial(proxy);
  socket.write('a');
  await expect.poll(told).toBe('a');
  proxy.silence(true);

  socket.write('b');
  await sleep(100);
  expect(heardText()).toBe('a');
  expect(isClosed()).toBe(false);
  proxy.silence(false);

  await expect.poll(told).toBe('ab');
});

test('a slow line delays what goes through and keeps its order', async () => {
  const { proxy } = await open();
  const { socket, told } = await dial(proxy);
  proxy.delay(60);
  const beganMs = performance.now();

  for (const letter of 'abcdef') {
    socket.write(letter);
    await sleep(2);
  }

  await expect.poll(told).toBe('abcdef');
  expect(performance.now() - beganMs).toBeGreaterThan(110);
});

test('a tap cuts a piece where it says: the server gets what is before, the client no answer', async () => {
  const { proxy, heardText } = await open(() => (piece) => (piece.includes('cut') ? 5 : null));
  const { socket, told, isClosed } = await dial(proxy);
  socket.write('hello');
  await expect.poll(told).toBe('hello');

  socket.write('good cut day');

  await expect.poll(isClosed).toBe(true);
  await expect.poll(heardText).toBe('hellogood ');
  expect(told()).toBe('hello');
});
