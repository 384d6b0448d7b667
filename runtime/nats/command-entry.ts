/** What is published for a command, and to take it back. */
import { formatAddress } from '#protocols/address.ts';
import { encodeEnvelope } from '#protocols/envelope.ts';
import { partitionOf } from '#protocols/partition.ts';
import { laneSubject } from '#protocols/subjects.ts';
import { orderId } from '#protocols/supervision.ts';
import type { Command } from '../client.ts';
import type { Entry } from '../log.ts';

export interface Publication {
  readonly command: Command;
  /** Of tenant, key and body. */
  readonly digest: string;
  readonly replyTo: string;
  readonly partitionCount: number;
}

/** `attempt`: tells this publication from an earlier one of the same command whose fate is not known. */
export function commandEntry(publication: Publication, withinMs: number, attempt?: string): Entry {
  const { command, digest, replyTo, partitionCount } = publication;
  const root = `c.${digest}`;
  const name = attempt === undefined ? digest : `${digest}.${attempt}`;
  const id = command.supervise ? orderId(name) : `c.${name}`;
  const bytes = encodeEnvelope({
    id,
    to: formatAddress(command.to),
    message: command.message,
    source: {
      kind: 'command',
      key: command.key,
      bodyHash: command.bodyHash,
      replyTo,
      by: command.by,
      withinMs,
      ...(attempt === undefined ? {} : { again: true }),
      ...(command.ifVersions === undefined ? {} : { ifVersions: [...command.ifVersions] }),
      ...(command.supervise === undefined ? {} : { supervise: command.supervise }),
    },
    root,
    ...(command.trace === undefined ? {} : { trace: command.trace }),
  });
  return { subject: laneSubject(command.lane, partitionOf(command.to, partitionCount)), id, bytes };
}

/** Always on the control lane: it overtakes the command that waits. */
export function cancelEntry({ command, digest, replyTo, partitionCount }: Publication): Entry {
  const id = `x.${digest}`;
  const { key, bodyHash, by } = command;
  const bytes = encodeEnvelope({
    id,
    to: formatAddress(command.to),
    message: { type: 'cancel' },
    source: { kind: 'cancel', key, bodyHash, replyTo, by },
    root: `c.${digest}`,
  });
  return { subject: laneSubject('control', partitionOf(command.to, partitionCount)), id, bytes };
}
