/**
 * Answers what gateways ask of the past. Any node can: what is needed is in the log and the store, and the kinds.
 *
 * D1. A fold takes time: at most `atOnce` of them, whoever comes then is told to try again.
 * D2. What is too large to show is left out and said to be; a state is never shown in part.
 */
import { formatAddress } from '#protocols/address.ts';
import { originOf } from '#protocols/envelope.ts';
import { type Failure, type Reply, toFaults } from '#protocols/failure.ts';
import { FORK, type ForkMessage } from '#protocols/fork.ts';
import { LIMITS } from '#protocols/limits.ts';
import { type PastHistory, type PastMoment, PastRequest, type PastStep } from '#protocols/past.ts';
import type { FoldStep } from './fold.ts';
import { digestOf, type Moment, type StepPosition, type TimeTravel } from './time-travel.ts';

const AT_ONCE = 4;
/** Message and effects of one step; and of all steps of a page, after which the next page begins. */
const STEP_CHARS_MAX = 64 * 1024;
const PAGE_CHARS_MAX = 384 * 1024;

export class PastDoor {
  readonly #travel: TimeTravel;
  #open = 0;

  constructor(travel: TimeTravel) {
    this.#travel = travel;
  }

  async answer(body: unknown): Promise<Reply> {
    const parsed = PastRequest.safeParse(body);
    if (!parsed.success) {
      const errors = toFaults(parsed.error);
      return refuse({ code: 'VALIDATION_FAILED', detail: 'this is no question about the past', errors });
    }
    if (this.#open >= AT_ONCE) {
      return refuse({ code: 'NOT_READY', detail: 'too many look at the past just now; try again' });
    }
    this.#open++;
    try {
      return await this.#answer(parsed.data);
    } finally {
      this.#open--;
    }
  }

  async #answer(request: PastRequest): Promise<Reply> {
    if (request.type === 'history') return this.#history(request);
    const found = await this.#travel.at(request.address, request.point);
    if (!found.ok) return found;
    if (request.type === 'fork') return forkMessage(found.value);
    return { ok: true, value: toMoment(found.value) };
  }

  async #history({ address, from, limit }: Extract<PastRequest, { type: 'history' }>): Promise<Reply> {
    const found = await this.#travel.history(address, {
      from: from === null ? null : parsePosition(from),
      limit,
    });
    if (!found.ok) return found;
    const { steps, next, keptFrom, forkedFrom } = found.value;
    const shown: PastStep[] = [];
    let chars = 0;
    for (const step of steps.map(toStep)) {
      chars += JSON.stringify(step).length;
      if (shown.length > 0 && chars > PAGE_CHARS_MAX) break;
      shown.push(step);
    }
    const cutAt = steps[shown.length];
    const history: PastHistory = {
      steps: shown,
      next: cutAt ? positionOf(cutAt) : next && formatPosition(next),
      kept_from: keptFrom && { version: keptFrom.version, at: toIso(keptFrom.atMs) },
      forked_from: forkedFrom && {
        id: forkedFrom.id,
        version: forkedFrom.version,
        message_id: forkedFrom.messageId,
        by: forkedFrom.by,
      },
    };
    return { ok: true, value: history };
  }
}

function forkMessage({ cell, step }: Moment): Reply {
  const { kind, address, version, state } = cell;
  if (state === null) {
    return refuse({ code: 'NOT_FOUND', detail: `There was no ${formatAddress(address)} at this point.` });
  }
  if (!kind.fork) return refuse({ code: 'UNSUPPORTED', detail: `A ${kind.type} can't be forked.` });
  const message: ForkMessage = {
    type: FORK,
    from: formatAddress(address),
    version,
    message_id: step?.envelope.id ?? null,
    state_version: kind.stateVersion,
    state,
  };
  const bytes = Buffer.byteLength(JSON.stringify(message));
  if (bytes <= LIMITS.messageBytesMax) return { ok: true, value: message };
  const detail = `A state of ${bytes} bytes is too large to begin a fork: ${LIMITS.messageBytesMax} are the most.`;
  return refuse({ code: 'PAYLOAD_TOO_LARGE', detail });
}

function toMoment({ cell, step }: Moment): PastMoment {
  const { address, version, kind, state, timers } = cell;
  return {
    address: formatAddress(address),
    version,
    state_version: kind.stateVersion,
    state,
    timers: Object.fromEntries(Object.entries(timers).map(([key, { atMs }]) => [key, { at: toIso(atMs) }])),
    digest: digestOf(state),
    step: step && toStep(step),
  };
}

function toStep(step: FoldStep): PastStep {
  const { envelope, outcome, place, cell, record } = step;
  const { source } = envelope;
  const origin = originOf(source);
  const said = { message: envelope.message, effects: outcome.effects.map((effect) => ({ ...effect })) };
  const shortened = JSON.stringify(said).length > STEP_CHARS_MAX;
  return {
    position: positionOf(step),
    at: toIso(place.atMs),
    lane: place.lane,
    seq: place.seq,
    message_id: envelope.id,
    cause: envelope.cause ?? null,
    source: source.kind,
    by: origin.kind === 'command' ? origin.by : origin.kind === 'effect' ? origin.from : null,
    ...(shortened ? { message: null, effects: null } : said),
    shortened,
    changed: outcome.changed,
    version: outcome.cell.version,
    digest: digestOf(cell.state),
    code: record.code,
  };
}

function positionOf({ record, index }: FoldStep): string {
  return formatPosition({ batch: record.batch, index });
}

function formatPosition({ batch, index }: StepPosition): string {
  return `${batch}.${index}`;
}

function parsePosition(text: string): StepPosition {
  const [batch, index] = text.split('.').map(Number);
  return { batch: batch ?? 0, index: index ?? 0 };
}

function toIso(atMs: number): string {
  return new Date(atMs).toISOString();
}

function refuse(failure: Failure): Reply {
  return { ok: false, failure };
}
