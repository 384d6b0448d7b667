/** Events and messages as the tail shows them: their text, and whether they weigh. */
import { parseAddress } from '#protocols/address.ts';
import { senderOf } from '#protocols/envelope.ts';
import type { MessageFrame } from '#protocols/http/lanes.ts';
import { tapSubject } from '#protocols/subjects.ts';
import type { LiveEvent } from '#runtime/event-feed.ts';
import type { LoggedMessage } from '#runtime/messages.ts';
import type { Frame } from './frames.ts';
import type { TailFrame } from './tail-batch.ts';

/** What nobody should miss among the rest: failures, what is given up or held back, and all of locks. */
const WEIGHTY_NAME =
  /fail|error|lost|timeout|timed_out|orphan|expired|exhausted|refused|broken|suspended|given_up|dead|displaced|overfull/;

export function eventTailFrame({ subject, type, text }: Frame, { record }: LiveEvent): TailFrame {
  const { to } = record.payload;
  const isWeighty =
    type.startsWith('system.lock.') ||
    WEIGHTY_NAME.test(record.name) ||
    (typeof to === 'string' && WEIGHTY_NAME.test(to));
  return { subject, type, isWeighty, text };
}

export function messageTailFrame(message: LoggedMessage): TailFrame {
  const frame = toMessageFrame(message);
  const { source, message: type } = frame.payload;
  const isWeighty = source === 'replay' || frame.payload.to.startsWith('lock/') || WEIGHTY_NAME.test(type);
  return { subject: frame.subject, type: 'message', isWeighty, text: JSON.stringify(frame) };
}

/** What a message says of itself; not its body, and nothing that lets anybody answer or repeat it in another's name. */
export function toMessageFrame({ lane, seq, partition, atMs, bytes, envelope }: LoggedMessage): MessageFrame {
  const { id, to, message, source, cause = null, root } = envelope;
  return {
    lane,
    seq,
    type: 'message',
    subject: tapSubject(parseAddress(to), message.type),
    timestamp: new Date(atMs).toISOString(),
    payload: {
      id,
      to,
      message: message.type,
      source: source.kind,
      by: senderOf(source),
      cause,
      root,
      partition,
      bytes,
    },
  };
}
