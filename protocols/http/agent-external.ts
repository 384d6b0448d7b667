/** EAP over HTTP: the same messages as over NATS, for agents that cannot reach it. Names are EAP's, in camelCase. */
import { z } from 'zod';
import { AgentIn, EAP_VERSION, Heartbeat, InAnswer } from '../eap/message.ts';

/** The longest that a poll is held: sooner than a request of the gateway ends by itself. */
export const POLL_SECONDS_MAX = 25;

const example = {
  ...{ eap: EAP_VERSION, id: '01a28c5f-6b00-7000-8000-000000000005', ts: '2026-11-21T02:10:00.000Z' },
  ...{ kind: 'progress', taskId: '01a28c5f-0001-7000-8000-00000000000a', attempt: 2, percent: 40 },
};

/** The head alone: whoever takes it checks the rest, as of what comes over NATS. */
export const ExternalOut = z
  .looseObject({
    eap: z.literal(EAP_VERSION),
    id: z.string().min(8).max(64).describe('Idempotency key: a repeat bears the same one and the same body.'),
    ts: z.iso.datetime().describe('When it was said. Informative.'),
    kind: z
      .string()
      .max(64)
      .describe('Which message it is; the fields that it has stand in eap.schema.json.'),
  })
  .meta({
    id: 'EapOut',
    description: 'What an agent says: any message of EAP 2.0 from agent to orchestrator.',
    examples: [example],
  });

export const ExternalOutAnswer = z
  .object({ ok: z.literal(true), value: z.unknown().describe('As the kind of message has it.') })
  .meta({ id: 'EapOutAnswer', description: 'It is committed. What is refused is a problem with its code.' });

export const ExternalInQuery = z.object({
  instance: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'lower-case letters, digits and "-"')
    .describe('The process that asks.'),
  wait_seconds: z.coerce
    .number()
    .int()
    .min(0)
    .max(POLL_SECONDS_MAX)
    .default(POLL_SECONDS_MAX)
    .describe('How long to wait where there is nothing yet.'),
});

export const ExternalInView = z
  .object({
    messages: z
      .array(AgentIn)
      .describe('What it must be told and has not answered, oldest first. Empty: ask again.'),
  })
  .meta({ id: 'EapIn', description: 'What the orchestrator says to this process.' });

const heartbeat = {
  instance: 'i-01a28c5f-5f3a-7d2e-9c41-2b9f0c6d8e11',
  ts: '2026-11-21T02:00:30.000Z',
  running: [],
};

export const ExternalAnswerBody = z
  .object({
    instance: z.string().min(1).max(64).describe('The process that answers.'),
    id: z.string().min(1).max(255).describe('Of the message that is answered.'),
    answer: InAnswer,
  })
  .meta({
    id: 'EapInAnswer',
    examples: [
      {
        instance: heartbeat.instance,
        id: 'assign-01a28c5f-0001-7000-8000-00000000000a-2-9f1c2d3e',
        answer: { accepted: true },
      },
    ],
  });

export const ExternalHeartbeat = Heartbeat.meta({ id: 'EapHeartbeat', examples: [heartbeat] });

export const ExternalHeardView = z
  .object({ heartbeatSeconds: z.number().int().describe('How often it must be heard.') })
  .meta({ id: 'EapHeard', description: 'It was heard.' });
