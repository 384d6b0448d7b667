/** Answers as a whole cluster: the actors themselves; forks and the past as the runtime might. */
import { ACTOR_KINDS } from '#actors/registry.ts';
import { answerAs } from '#actors/testing/answers.ts';
import type { Reply } from '#protocols/failure.ts';
import { FORK } from '#protocols/fork.ts';
import type { PastRequest } from '#protocols/past.ts';
import type { Answer } from '#runtime/testing/client.ts';
import { NOW_MS } from './gateway.ts';
import type { Document } from './random-requests.ts';

/** The actors themselves; forks are the runtime's own. */
export function answerAsCluster(): Answer {
  const act = answerAs(ACTOR_KINDS, NOW_MS);
  return (command, client) => {
    if (command.message.type !== FORK) return act(command, client);
    return { ok: true, value: { id: command.to.id, from: 'context/dev/c-1', version: 1 } };
  };
}

/** A past as the document's examples show it; only contexts can be forked. */
export function answerPastWith(document: Document): ({ type, address }: PastRequest) => Reply {
  const exampleOf = (path: string): unknown => {
    const content = document.paths[`/api/v1/actors/{type}/{id}/${path}`]?.get?.responses['200']?.content;
    return Object.values(content ?? {})[0]?.example;
  };
  return ({ type, address }) => {
    if (type !== 'fork') return { ok: true, value: exampleOf(type === 'history' ? 'history' : 'at') };
    if (address.type === 'context') return { ok: true, value: { type: FORK } };
    return { ok: false, failure: { code: 'UNSUPPORTED', detail: 'no forks of it' } };
  };
}
