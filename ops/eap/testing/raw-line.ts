/** The line of the agent without the SDK: NATS or HTTP, with as little as the protocol needs. */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@nats-io/transport-node';
import { readServers } from '#actors/remote/sdk/connection.ts';
import { agentInboxPrefix } from '#protocols/eap/permissions.ts';
import { agentHeartbeat, agentIn, agentOut } from '#protocols/subjects.ts';

export interface RawLine {
  /** Null: no answer. */
  ask(text: string): Promise<string | null>;
  beat(text: string): void;
  listen(answer: (text: string) => Promise<string>): void;
  onBack(then: () => void): void;
  /** Tries what no agent may. */
  stray(): void;
}

interface Place {
  readonly tenant: string;
  readonly agent: string;
  readonly instance: string;
}

const ASK_MS = 2_000;
const AGAIN_MS = 200;

export async function openNats(url: string, { tenant, agent, instance }: Place): Promise<RawLine> {
  const { servers, login } = readServers(url);
  const nats = await connect({
    ...{ servers, user: login.user?.name ?? '', pass: login.user?.password ?? '' },
    ...{ inboxPrefix: agentInboxPrefix(tenant, agent), maxReconnectAttempts: -1, reconnectTimeWait: 100 },
  });
  return {
    async ask(text) {
      try {
        return (await nats.request(agentOut(tenant, agent), text, { timeout: ASK_MS })).string();
      } catch {
        // No answer: it is said again.
        return null;
      }
    },
    beat: (text) => nats.publish(agentHeartbeat(tenant, agent), text),
    listen(answer) {
      nats.subscribe(agentIn(tenant, agent, instance), {
        callback: (_, message) => void answer(message.string()).then((text) => message.respond(text)),
      });
    },
    onBack(then) {
      void (async () => {
        for await (const { type } of nats.status()) if (type === 'reconnect') then();
      })();
    },
    stray: () => nats.publish('mbx.1', 'from an agent'),
  };
}

export function openHttp(url: string, { agent, instance }: Place): RawLine {
  const root = `${url}/api/v1/agents/external/${agent}/`;
  let onBack = (): void => undefined;
  const post = (path: string, body: string) =>
    fetch(root + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const poll = async (answer: (text: string) => Promise<string>, waitSeconds: number): Promise<void> => {
    const response = await fetch(`${root}in?instance=${instance}&wait_seconds=${waitSeconds}`);
    const { messages } = (await response.json()) as { messages: { id: string }[] };
    for (const message of messages) {
      const said: unknown = JSON.parse(await answer(JSON.stringify(message)));
      await post('in/answers', JSON.stringify({ instance, id: message.id, answer: said }));
    }
  };
  return {
    async ask(text) {
      try {
        const response = await post('out', text);
        if (response.ok) return await response.text();
        const { code, detail, retryable } = (await response.json()) as Record<string, unknown>;
        return JSON.stringify({ ok: false, error: { code, message: detail, retryable } });
      } catch {
        // No answer: it is said again.
        return null;
      }
    },
    beat: (text) => void post('heartbeat', text).catch(() => undefined),
    listen(answer) {
      void (async () => {
        for (let isBack = true; ; ) {
          try {
            await poll(answer, isBack ? 20 : 0);
            if (!isBack) onBack();
            isBack = true;
          } catch {
            // The line broke, or what came cannot be read.
            isBack = false;
            await pause(AGAIN_MS);
          }
        }
      })();
    },
    onBack(then) {
      onBack = then;
    },
    stray: () => void post('../../../sessions', '{}').catch(() => undefined),
  };
}
