/** What lists of sessions filter by beside the state. */
import type { Session } from '#protocols/session.ts';
import { sessionLabel } from '#protocols/session-labels.ts';

/** None of it changes with a turn: labels that did would be written to an index of their own each time. */
export function labelsOf({ session_type, priority, created_by, model, tags }: Session): string[] {
  return [
    sessionLabel('type', session_type),
    sessionLabel('priority', priority),
    sessionLabel('by', created_by),
    ...(model === undefined ? [] : [sessionLabel('model', model)]),
    ...tags.map((tag) => sessionLabel('tag', tag)),
  ];
}
