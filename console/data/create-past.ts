/** The past of one actor: the steps that are kept of it, and its state as of one of them. */
import { createEffect, createMemo, createSignal, on } from 'solid-js';
import { type ActorPlace, formatActorPlace } from './actor-place.ts';
import { clusterApi, type Moment, type Past } from './cluster-api.ts';

/** Its past, read when it is opened and again when the actor has a new version. */
export function createPast(place: () => ActorPlace, version: () => number | undefined) {
  const [value, setValue] = createSignal<Past | null>(null);
  const [failure, setFailure] = createSignal('');
  let asked = 0;
  const read = async () => {
    asked += 1;
    const mine = asked;
    try {
      const got = await clusterApi.past(place());
      if (mine !== asked) return;
      setValue(got);
      setFailure('');
    } catch (error) {
      if (mine === asked) setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  // Memos pass on what differs: the actor is read every few seconds, its past when it has a new version.
  const name = createMemo(() => formatActorPlace(place()));
  const latest = createMemo(version);
  createEffect(on([name, latest], () => void read()));
  const versions = createMemo(() => [
    ...new Set((value()?.steps ?? []).filter(({ changed }) => changed).map((step) => step.version)),
  ]);
  const note = () => {
    const past = value();
    if (!past) return '';
    return `${past.steps.length} steps kept${past.isCut ? ', the first of more' : ''}`;
  };
  return { value, failure, versions, note };
}

/** The actor as it was at a version; nothing is asked for now. */
export function createMoment(place: () => ActorPlace, version: () => number | null) {
  const [value, setValue] = createSignal<Moment>();
  const [failure, setFailure] = createSignal('');
  let asked = 0;
  const name = createMemo(() => formatActorPlace(place()));
  const chosen = createMemo(version);
  createEffect(
    on([name, chosen], async ([, wanted]) => {
      asked += 1;
      const mine = asked;
      if (wanted === null) return;
      try {
        const got = await clusterApi.actorAt(place(), wanted);
        if (mine !== asked) return;
        setValue(() => got);
        setFailure('');
      } catch (error) {
        if (mine === asked) setFailure(error instanceof Error ? error.message : String(error));
      }
    }),
  );
  return { value, failure };
}
