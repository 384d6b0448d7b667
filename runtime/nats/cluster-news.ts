/** Hears what nodes and agents say of themselves on core NATS. */
import type { NatsConnection, Subscription } from '@nats-io/transport-node';
import { Heartbeat } from '#protocols/eap/message.ts';
import { AGENT_HEARTBEATS_ALL, NODE_HEARTBEATS, parseAgentSubject } from '#protocols/subjects.ts';
import { type AgentHeard, ClusterNews, type News } from '../cluster-news.ts';
import { hearLoads } from './loads.ts';
import { parseHeartbeat } from './membership.ts';

const decoder = new TextDecoder();

export class NatsClusterNews {
  readonly #news = new ClusterNews(Date.now());
  readonly #subscriptions: readonly Subscription[];
  readonly #stopLoads: () => void;

  constructor(connection: NatsConnection) {
    this.#stopLoads = hearLoads(connection, (report) => this.#news.hearLoad(report, Date.now()));
    this.#subscriptions = [
      connection.subscribe(NODE_HEARTBEATS, {
        callback: (error, message) => {
          const said = error ? null : parseHeartbeat(message.data);
          if (said) this.#news.hearNode(said, Date.now());
        },
      }),
      connection.subscribe(AGENT_HEARTBEATS_ALL, {
        callback: (error, message) => {
          const speaker = error ? null : parseAgentSubject(message.subject);
          if (!speaker) return;
          const running = countRunning(message.data);
          this.#news.hearAgent(speaker.tenant, { agent: speaker.agent, running }, Date.now());
        },
      }),
    ];
  }

  news(): News {
    return this.#news.news(Date.now());
  }

  agentsHeard(tenant: string): AgentHeard[] {
    return this.#news.agentsHeard(tenant);
  }

  stop(): void {
    this.#stopLoads();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }
}

/** Whatever it says, it lives: a body that is not understood tells no more than that. */
function countRunning(data: Uint8Array): number | null {
  try {
    return Heartbeat.parse(JSON.parse(decoder.decode(data))).running.length;
  } catch {
    return null;
  }
}
