/** How agents join and say that they live, on HTTP. What they are told comes over NATS: see `protocols/eap`. */
import { z } from 'zod';
import { AgentCard } from '../agent.ts';
import { EntityId } from '../ids.ts';
import { agentHeartbeat, agentIn, agentLog, agentOut } from '../subjects.ts';
import { AgentView } from './agent.ts';

const AttemptOf = z.object({
  task_id: EntityId,
  attempt: z.number().int().positive(),
});

const Instance = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"')
  .describe('The process that speaks for the agent; a new one takes over. Made where it is left out.');

const joining = {
  instance: Instance.optional(),
  resume: z
    .array(AttemptOf)
    .max(50)
    .default([])
    .describe('Attempts that this process still works on; the answer says which of them it keeps.'),
  take_over: z
    .boolean()
    .default(false)
    .describe('Also where another process speaks for the agent now: that one is told to end.'),
};

const card = {
  name: 'AGENT-ADA',
  agent_type: 'implementer',
  capabilities: { primary: ['code_generation'], secondary: ['test_generation'] },
  max_concurrent_capacity: 3,
  version: '1.4.0',
} as const;

export const RegisterAgent = AgentCard.extend(joining).meta({
  id: 'RegisterAgent',
  description: 'What an agent says of itself when it joins.',
  examples: [card],
});

export const RegisterExternalAgent = z
  .object({ card: AgentCard.describe('What the agent says of itself.'), ...joining })
  .meta({
    id: 'RegisterExternalAgent',
    description: 'A program that joins by the External Agent Protocol: its card, as it would say it there.',
    examples: [{ card }],
  });

export const JoinedView = z
  .object({
    agent: AgentView,
    instance: z.string().describe('To be named in heartbeats, and in all that this process says.'),
    heartbeat_seconds: z.number().int().describe('How often it must be heard.'),
    adopt: z.array(AttemptOf).describe('Attempts of `resume` that are still its own.'),
    drop: z.array(AttemptOf).describe('Attempts of `resume` that it must drop.'),
  })
  .meta({ id: 'JoinedAgent', description: 'An agent that has joined, and what its process must know.' });
export type JoinedView = z.infer<typeof JoinedView>;

export const ExternalJoinedView = JoinedView.extend({
  connection: z
    .object({
      protocol: z.string(),
      out: z.string().describe('It asks here, and is answered when that is committed.'),
      in: z.string().describe('It is asked here: assignments, cancellations.'),
      heartbeat: z.string().describe('It says here that it lives; or by HTTP.'),
      log: z.string().describe('Output of a task; `{task}` is its id.'),
    })
    .describe('The NATS subjects on which it goes on.'),
}).meta({ id: 'JoinedExternalAgent', description: 'An agent that has joined, and where it goes on.' });

export const HeartbeatBody = z
  .object({
    instance: z.string().min(1).max(64).describe('The process that lives.'),
    running: z.array(AttemptOf).max(50).default([]).describe('What it works on.'),
  })
  .meta({ examples: [{ instance: 'i-0190a3c8-5b1e-7c7e-9d44-6a1f0a5b2c3d', running: [] }] });

export const HeardView = z
  .object({
    agent_id: z.string(),
    status: AgentView.shape.status,
    heartbeat_seconds: z.number().int().describe('How often it must be heard; lost after three times that.'),
  })
  .meta({ id: 'HeardAgent', description: 'It was heard.' });

/** As the protocol of agents has it. */
interface Registered {
  readonly heartbeatSeconds: number;
  readonly adopt: readonly { readonly taskId: string; readonly attempt: number }[];
  readonly drop: Registered['adopt'];
}

export function toJoinedView(
  { heartbeatSeconds, adopt, drop }: Registered,
  { agent, instance }: Pick<JoinedView, 'agent' | 'instance'>,
): JoinedView {
  const plain = (attempts: Registered['adopt']) =>
    attempts.map(({ taskId, attempt }) => ({ task_id: taskId, attempt }));
  return { agent, instance, heartbeat_seconds: heartbeatSeconds, adopt: plain(adopt), drop: plain(drop) };
}

export function connectionOf(tenant: string, { agent, instance }: Pick<JoinedView, 'agent' | 'instance'>) {
  return {
    protocol: 'eap/2.0',
    out: agentOut(tenant, agent.id),
    in: agentIn(tenant, agent.id, instance),
    heartbeat: agentHeartbeat(tenant, agent.id),
    log: agentLog(tenant, agent.id, '{task}'),
  };
}
