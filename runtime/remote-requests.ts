/** Requests to remote agents: asked once, the answer put into the log of the actor that wanted it. */
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import type { RemoteRequest, Routes } from './batch.ts';
import type { Log } from './log.ts';
import type { Logger } from './logger.ts';
import type { Remote } from './remote.ts';

const ANSWER_WITHIN_MS = 5_000;
/** Under way at a time. One more is not sent: its actor's timer asks again. */
const UNDER_WAY_MAX = 5_000;
/** Agents' subjects only: an actor can't make the runtime speak on one that a stream captures. */
const ALLOWED = /^eap\.v2\.[^\s]+\.in$/;

export interface RemoteRequestsHost {
  readonly remote: Remote;
  readonly log: Log;
  readonly logger: Logger;
  readonly routes: Routes;
}

export class RemoteRequests {
  readonly #host: RemoteRequestsHost;
  #underWay = 0;

  constructor(host: RemoteRequestsHost) {
    this.#host = host;
  }

  /** Asks in the background. Without an answer nothing happens: the actor's own timer asks again. */
  send(request: RemoteRequest): void {
    const { logger } = this.#host;
    if (!ALLOWED.test(request.subject)) {
      logger.error({ subject: request.subject }, 'request to a subject that is no agent');
      return;
    }
    if (this.#underWay >= UNDER_WAY_MAX) {
      logger.warn(
        { subject: request.subject, underWay: this.#underWay },
        'too many requests to agents, one not sent',
      );
      return;
    }
    this.#underWay++;
    this.#ask(request)
      .catch((error: unknown) => {
        logger.warn({ err: error, subject: request.subject }, 'request to an agent failed');
      })
      .finally(() => {
        this.#underWay--;
      });
  }

  async #ask(request: RemoteRequest): Promise<void> {
    const { remote, log, logger, routes } = this.#host;
    const answer = await remote.request(request.subject, request.body, ANSWER_WITHIN_MS);
    if (answer === null) {
      logger.debug({ subject: request.subject, id: request.id }, 'agent did not answer');
      return;
    }
    const to = formatAddress(request.from);
    const message = { type: 'delivered', id: request.id, answer };
    const lane = routes.isControl(request.from.type, message.type) ? 'control' : 'data';
    const id = `d.${to}.${request.id}.${request.cause}`;
    const bytes = encodeEnvelope({
      id,
      to,
      message,
      source: { kind: 'system' },
      cause: request.cause,
      root: request.root,
    });
    await log.publish({
      subject: laneSubject(lane, partitionOf(request.from, routes.partitionCount)),
      id,
      bytes,
    });
  }
}
