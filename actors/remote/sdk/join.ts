/** Joining the orchestrator as an agent: the one call that an agent's program makes. */
import type { z } from 'zod';
import { AgentCard, agentIdOf } from '#protocols/agent.ts';
import { agentInboxPrefix } from '#protocols/eap/permissions.ts';
import { TenantId } from '#protocols/ids.ts';
import { Agent, type ResumeOptions } from './agent.ts';
import { type Login, openConnection } from './connection.ts';
import { Deadline } from './deadline.ts';
import { HttpWire } from './http-wire.ts';
import { type Logger, SILENT } from './logger.ts';
import type { Work } from './task.ts';
import { TIMING, type Timing } from './timing.ts';
import type { Wire } from './wire.ts';

export interface JoinOptions {
  /** Of NATS: one address, several with commas, or a list. Or the gateway's, `http://…`: then all goes over HTTP. */
  readonly servers: string | readonly string[];
  readonly tenant: string;
  /** What the agent says of itself. Its name is its identity within the tenant. */
  readonly card: z.input<typeof AgentCard>;
  readonly token?: string;
  readonly user?: Login['user'];
  /** The text of a `.creds` file. */
  readonly credentials?: string;
  readonly logger?: Logger;
  readonly timing?: Partial<Timing>;
  /** For work that can go on after this process was killed: it looks at `task.resumed`; say `supports.resume` in the card. */
  readonly resume?: ResumeOptions;
  /** Does one task. What it throws becomes a failed result that may be tried again. */
  readonly work: Work;
}

/**
 * Connects, registers and begins to take tasks. Throws if that is refused or not done within `timing.joinWithinMs`;
 * once joined, it stays so through lost connections until `drain()` or `stop()`.
 */
export async function joinAsAgent(options: JoinOptions): Promise<Agent> {
  const card = AgentCard.parse(options.card);
  const tenant = TenantId.parse(options.tenant);
  const timing = { ...TIMING, ...options.timing };
  const logger = options.logger ?? SILENT;
  using deadline = new Deadline(timing.joinWithinMs);
  const wire = await openWire(options, { tenant, card, timing, logger });
  try {
    const agent = new Agent({
      wire,
      tenant,
      card,
      work: options.work,
      timing,
      logger,
      resume: options.resume,
    });
    await agent.join(deadline.signal);
    return agent;
  } catch (error) {
    await wire.close();
    throw error;
  }
}

interface Joining {
  readonly tenant: string;
  readonly card: AgentCard;
  readonly timing: Timing;
  readonly logger: Logger;
}

async function openWire(options: JoinOptions, { tenant, card, timing, logger }: Joining): Promise<Wire> {
  const { servers, token } = options;
  const agent = agentIdOf(card.name);
  if (typeof servers === 'string' && /^https?:/.test(servers)) {
    return new HttpWire({ url: servers, agent, token, timing, logger });
  }
  const name = `${tenant}/${card.name}`;
  const inboxPrefix = agentInboxPrefix(tenant, agent);
  const dialling = { servers, name, inboxPrefix, login: toLogin(options), timing, logger };
  return openConnection(dialling, timing.joinWithinMs);
}

function toLogin({ token, user, credentials }: JoinOptions): Login {
  return {
    ...(token === undefined ? {} : { token }),
    ...(user === undefined ? {} : { user }),
    ...(credentials === undefined ? {} : { creds: credentials }),
  };
}
