/** Questions about the past over core NATS: one node of the cluster takes each. */
import { type NatsConnection, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { Reply } from '#protocols/failure.ts';
import type { PastRequest } from '#protocols/past.ts';
import { NODE_PAST } from '#protocols/subjects.ts';
import type { Logger } from '../logger.ts';

const QUEUE = 'nodes';
const ASK_MS = 20_000;
const TOO_LARGE: Reply = {
  ok: false,
  failure: { code: 'PAYLOAD_TOO_LARGE', detail: 'what was asked for is too large to be told in one answer' },
};
const FAILED: Reply = {
  ok: false,
  failure: { code: 'INTERNAL_ERROR', detail: 'the past could not be looked at' },
};

/** Serves until the connection is left. */
export function servePast(
  connection: NatsConnection,
  answer: (body: unknown) => Promise<Reply>,
  logger: Logger,
): void {
  const say = async (data: Uint8Array): Promise<Reply> => {
    try {
      return await answer(JSON.parse(new TextDecoder().decode(data)));
    } catch (error) {
      logger.warn({ err: error }, 'a question about the past failed');
      return FAILED;
    }
  };
  connection.subscribe(NODE_PAST, {
    queue: QUEUE,
    callback: (error, message) => {
      if (error) return;
      void say(message.data).then((reply) => {
        const bytes = Buffer.from(JSON.stringify(reply));
        const most = connection.info?.max_payload ?? 0;
        if (!connection.isClosed()) message.respond(bytes.length > most ? JSON.stringify(TOO_LARGE) : bytes);
      });
    },
  });
}

export async function askPast(connection: NatsConnection, request: PastRequest): Promise<Reply> {
  try {
    const answer = await connection.request(NODE_PAST, JSON.stringify(request), { timeout: ASK_MS });
    return Reply.parse(answer.json());
  } catch (error) {
    if (error instanceof TimeoutError) {
      const detail = `No answer within ${ASK_MS} ms: so much lies between what is kept and this point.`;
      return { ok: false, failure: { code: 'DEADLINE_EXCEEDED', detail } };
    }
    const isSilence = error instanceof NoRespondersError || error instanceof RequestError;
    if (!isSilence) throw error;
    return { ok: false, failure: { code: 'NOT_READY', detail: 'no node is there to look at the past' } };
  }
}
