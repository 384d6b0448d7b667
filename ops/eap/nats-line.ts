/** The kit over NATS: a server of its own on loopback, where the agent may do what its credentials would allow. */
import { randomBytes } from 'node:crypto';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { agentPermissions } from '#protocols/eap/permissions.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';
import { findNatsServer } from '../dev/nats-binary.ts';
import { startNatsServer } from '../dev/nats-server.ts';
import { type Ears, type Line, TELL_WITHIN_MS, TENANT } from './line.ts';

interface Account {
  readonly name: string;
  readonly password: string;
}

const AWAY_MS = 500;
const LOOK_EVERY_MS = 50;
const LOOKS_MAX = 200;

export async function openNatsLine(options: {
  readonly agent: string;
  readonly folder: string;
  readonly ears: Ears;
}): Promise<Line> {
  const { agent, folder, ears } = options;
  const [own, its] = [account('orchestrator'), account('agent')];
  const violations: string[] = [];
  const binary = await findNatsServer({ env: process.env });
  const start = (port?: number) =>
    startNatsServer({
      ...{ binary, dataDir: folder, settings: accounts(agent, own, its) },
      ...(port === undefined ? {} : { port }),
      onLog: ({ message }) => {
        if (/violation/i.test(message)) violations.push(message);
      },
    });
  let server = await start();
  const { host, port } = new URL(server.url);
  const nats = await connect({
    ...{ servers: host, user: own.name, pass: own.password },
    ...{ reconnectTimeWait: 100, maxReconnectAttempts: -1, timeout: 10_000 },
  });
  hear(nats, agent, ears);
  await nats.flush();
  const request = async (instance: string, body: Uint8Array | string): Promise<unknown> => {
    const answer = await nats.request(agentIn(TENANT, agent, instance), body, { timeout: TELL_WITHIN_MS });
    return answer.json();
  };
  return {
    kind: 'nats',
    environment: { NATS_URL: `nats://${its.name}:${its.password}@${host}` },
    secrets: [its.password],
    tell: (instance, message) => request(instance, JSON.stringify(message)),
    async tellNonsense(instance) {
      return [await request(instance, new Uint8Array([0xff, 0])), await request(instance, new Uint8Array())];
    },
    violations: () => violations,
    async restart() {
      await server.stop();
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      server = await start(Number(port));
      await backAgain(nats);
    },
    async stop() {
      await nats.close();
      await server.stop();
    },
  };
}

/** A flush while there is no line fails at once. */
async function backAgain(nats: NatsConnection): Promise<void> {
  for (let look = 0; ; look++) {
    try {
      return await nats.flush();
    } catch (error) {
      if (look >= LOOKS_MAX) throw error;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

function account(name: string): Account {
  return { name, password: randomBytes(12).toString('hex') };
}

function accounts(agent: string, own: Account, its: Account): string[] {
  const { publish, subscribe, responses } = agentPermissions(TENANT, agent);
  const permissions = {
    publish,
    subscribe,
    allow_responses: { max: responses.max, expires: `${responses.ttlSeconds}s` },
  };
  const user = ({ name, password }: Account) => ({ user: name, password });
  return [`authorization: ${JSON.stringify({ users: [user(own), { ...user(its), permissions }] })}`];
}

function hear(nats: NatsConnection, agent: string, ears: Ears): void {
  nats.subscribe(agentOut(TENANT, agent), {
    callback: (_, message) => {
      void ears.onOut(message.string()).then((answer) => answer && message.respond(JSON.stringify(answer)));
    },
  });
  nats.subscribe(agentHeartbeat(TENANT, agent), {
    callback: (_, message) => ears.onBeat(message.string()),
  });
}
