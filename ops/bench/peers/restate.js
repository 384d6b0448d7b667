/**
 * The counter on Restate: one virtual object a counter, its own server beside it, data and log on the same disk.
 * PORT is the server's ingress, which callers ask; FOLDER is where it keeps its data.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import * as restate from '@restatedev/restate-sdk';

const START_MS = 30_000;
const { PORT, FOLDER } = process.env;

const counter = restate.object({
  name: 'counters',
  handlers: {
    add: async (context, { by }) => {
      const count = ((await context.get('count')) ?? 0) + by;
      context.set('count', count);
      return { count };
    },
  },
});

const [service, admin, fabric] = await Promise.all([freePort(), freePort(), freePort()]);
await restate.serve({ services: [counter], port: service });

const program = createRequire(import.meta.url).resolve('@restatedev/restate-server/lib/index.js');
const server = spawn(process.execPath, [program, '--no-logo', '--listen-mode=tcp'], {
  env: {
    PATH: process.env.PATH,
    RESTATE_BASE_DIR: FOLDER,
    RESTATE_DISABLE_TELEMETRY: 'true',
    RESTATE_LOG_FILTER: 'error',
    RESTATE_BIND_IP: '127.0.0.1',
    RESTATE_ADVERTISED_HOST: '127.0.0.1',
    RESTATE_BIND_PORT: String(fabric),
    RESTATE_INGRESS__BIND_PORT: PORT,
    RESTATE_ADMIN__BIND_PORT: String(admin),
  },
  stdio: ['ignore', 'inherit', 'inherit'],
});
process.on('SIGTERM', () => server.kill('SIGTERM'));
server.once('exit', (code) => process.exit(code ?? 0));

await register();
console.log(JSON.stringify({ msg: 'ready' }));

async function register() {
  const deadline = performance.now() + START_MS;
  for (;;) {
    try {
      const answer = await fetch(`http://127.0.0.1:${admin}/deployments`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ uri: `http://127.0.0.1:${service}` }),
      });
      if (answer.ok) return;
      if (performance.now() > deadline) throw new Error(`refused: ${await answer.text()}`);
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(200);
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
