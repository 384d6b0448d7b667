/** Real actors behind a client in memory, for tests of the gateway: each command is a turn, with all that follows. */
import type { ActorKind } from '#protocols/actor.ts';
import { type Address, formatAddress } from '#protocols/address.ts';
import { assert } from '#protocols/assert.ts';
import type { Message } from '#protocols/envelope.ts';
import type { Reply } from '#protocols/failure.ts';
import { handleTwice } from '#protocols/testing/twice.ts';

interface Asked {
  readonly to: Address;
  readonly message: Message;
  readonly by: string;
}

/** Where states are kept: the client in memory is one. */
interface Shelf {
  find(address: Address): { readonly state: unknown } | null;
  put(address: Address, state: unknown, index: object): unknown;
  drop(address: Address): void;
}

export function answerAs(kinds: readonly ActorKind[], nowMs: number): (asked: Asked, shelf: Shelf) => Reply {
  const byType = new Map(kinds.map((kind) => [kind.type, kind]));
  const times = { created: 0 };
  return ({ to, message, by }, shelf) => {
    const kind = byType.get(to.type);
    assert(kind, `there is a kind ${to.type}`);
    return takeTurn({ kind, to, message, by }, shelf);
  };

  function takeTurn({ kind, to, message, by }: Asked & { kind: ActorKind }, shelf: Shelf): Reply {
    const before = shelf.find(to)?.state ?? null;
    const context = { self: to, now: nowMs, messageId: 'm', by, id: () => `id-${++times.created}` };
    const turn = handleTwice(kind, { state: before, message, context });
    if ('code' in turn) return { ok: false, failure: turn };
    if (turn.state === null) shelf.drop(to);
    else if (turn.state !== before) shelf.put(to, turn.state, kind.indexOf(turn.state));
    let answer: Reply = { ok: true, value: null };
    for (const effect of turn.effects) {
      if (effect.type === 'reply') answer = effect.reply;
      const next = effect.type === 'send' ? byType.get(effect.to.type) : undefined;
      if (effect.type === 'send' && next) {
        takeTurn({ kind: next, to: effect.to, message: effect.message, by: formatAddress(to) }, shelf);
      }
    }
    return answer;
  }
}
