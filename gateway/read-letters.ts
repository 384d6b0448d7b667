/** Dead letters as HTTP shows them, and what it asks for as the runtime takes it. */
import { READS_OF_KINDS } from '#protocols/access.ts';
import { NO_TENANT } from '#protocols/dead-letter.ts';
import { readEnvelope } from '#protocols/envelope.ts';
import type { LetterGroupsQuery, LetterSummaryView, LetterView } from '#protocols/http/dead-letter.ts';
import { LIMITS } from '#protocols/limits.ts';
import type { Letter, LetterFilter, LetterSummary } from '#runtime/dead-letters.ts';
import { demand } from './authenticate.ts';
import type { Caller } from './caller.ts';
import type { GatewayContext } from './context.ts';
import { Refused } from './failures.ts';

type Asked = Partial<
  Pick<LetterGroupsQuery, 'status' | 'reason' | 'address' | 'type' | 'group' | 'unaddressed'>
>;

/** Throws FORBIDDEN: letters that belong to no tenant are for the platform's admins. */
export function toFilter(context: GatewayContext, asked: Asked, caller: Caller): LetterFilter {
  const { status, reason, address, type, group, unaddressed = false } = asked;
  if (unaddressed) demand(caller, 'letters.unaddressed');
  return {
    tenant: unaddressed ? NO_TENANT : context.tenant,
    ...(status?.length ? { status } : {}),
    ...(reason?.length ? { reason } : {}),
    ...(address === undefined ? {} : { address }),
    ...(type === undefined ? {} : { actorType: type }),
    ...(group === undefined ? {} : { group }),
  };
}

/** The letter as it is now, or the end of the request: also where it is for an actor that the caller may not look at. */
export async function findLetter(context: GatewayContext, id: string, caller: Caller): Promise<LetterView> {
  const letter = await context.client.deadLetters.get(context.tenant, id);
  if (!letter) throw new Refused({ code: 'NOT_FOUND', detail: `there is no dead letter ${id}` });
  const needed = READS_OF_KINDS[letter.actorType ?? ''];
  if (needed) demand(caller, needed);
  return toLetterView(letter);
}

export function toSummaryView(letter: LetterSummary): LetterSummaryView {
  return {
    id: letter.id,
    address: letter.address,
    actor_type: letter.actorType,
    message_type: letter.messageType,
    reason: letter.reason,
    group: letter.group,
    summary: letter.summary,
    status: letter.status,
    version: letter.version,
    replays: letter.replays,
    replays_left: Math.max(0, LIMITS.replaysPerLetterMax - letter.replays),
    is_edited: letter.isEdited,
    state_version: letter.stateVersion,
    partition: letter.partition,
    lane: letter.lane,
    seq: letter.seq,
    failed_at: toTime(letter.atMs),
    changed_at: toTime(letter.changedAtMs),
  };
}

export function toTime(atMs: number): string {
  return new Date(atMs).toISOString();
}

function toLetterView(letter: Letter): LetterView {
  const envelope = readEnvelope(letter.body);
  return {
    ...toSummaryView(letter),
    error: letter.error,
    body: toJson(letter.body),
    edited: letter.edited === null ? null : toJson(letter.edited),
    message_id: envelope?.id ?? null,
    source: envelope?.source.kind ?? null,
    cause: envelope?.cause ?? null,
    root: envelope?.root ?? null,
    outcome: letter.outcome,
    acts: letter.acts.map(({ before, atMs, ...act }) => ({
      ...act,
      before: before === null ? null : toJson(before),
      at: toTime(atMs),
    })),
  };
}

/** What is no JSON is shown as the text that it is. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
