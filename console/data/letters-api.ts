/** The gateway's interface to dead letters, as their screen uses it. */
import type { Operations } from '#protocols/client/operations.generated.ts';
import type { LetterStatus } from '#protocols/dead-letter.ts';
import { client, orNull, told } from './api.ts';

export type LetterGroup = Operations['listDeadLetterGroups']['answer']['items'][number];
export type LetterLine = Operations['listDeadLetters']['answer']['items'][number];
export type Letter = Operations['getDeadLetter']['answer'];
export type BulkResult = Operations['bulkDeadLetters']['answer'];

/** An act on one letter as it was read: a later version of it is not hurt. */
export interface LetterAct {
  readonly id: string;
  readonly version: number;
  readonly key: string;
  readonly reason: string;
}

const PAGE_SIZE = 100;
/** As many as the gateway takes at once. */
export const BULK_MAX = 200;

export const lettersApi = {
  groups: (status: readonly LetterStatus[]) =>
    told(client.listDeadLetterGroups({ status: [...status], page_size: PAGE_SIZE })),
  letters: (group: string, status: readonly LetterStatus[]) =>
    told(client.listDeadLetters({ group, status: [...status], page_size: PAGE_SIZE })),
  letter: (id: string) => orNull(client.getDeadLetter({ id })),
  edit: (asked: LetterAct & { readonly message: { type: string }; readonly to?: string }) => {
    const { id, version, key, reason, message, to } = asked;
    const body = { message, reason, version, ...(to ? { to } : {}) };
    return told(client.editDeadLetter({ id, 'idempotency-key': key, body }));
  },
  replay: ({ id, version, key, reason }: LetterAct) =>
    told(client.replayDeadLetter({ id, 'idempotency-key': key, body: { reason, version } })),
  drop: ({ id, version, key, reason }: LetterAct) =>
    told(client.dropDeadLetter({ id, 'idempotency-key': key, body: { reason, version } })),
  /** The open ones of a cause as they are now: what is acted on is what was counted, whatever comes meanwhile. */
  openIds: (group: string) => told(readOpenIds(group)),
  many: (asked: { act: 'replay' | 'drop'; ids: readonly string[]; key: string; reason: string }) => {
    const { act, ids, key, reason } = asked;
    const body = { act, ids: [...ids], reason };
    return told(client.bulkDeadLetters({ 'idempotency-key': key, body }));
  },
};

async function readOpenIds(group: string): Promise<{ ids: string[]; isWhole: boolean }> {
  const ids: string[] = [];
  let cursor: string | undefined;
  while (ids.length < BULK_MAX) {
    const asked = { group, status: ['open' as const], page_size: PAGE_SIZE, ...(cursor ? { cursor } : {}) };
    const page: Operations['listDeadLetters']['answer'] = await client.listDeadLetters(asked);
    ids.push(...page.items.map(({ id }) => id));
    if (page.next_cursor === null) return { ids, isWhole: true };
    cursor = page.next_cursor;
  }
  return { ids, isWhole: false };
}
