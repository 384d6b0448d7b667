/**
 * What a viewer is shown: a path of the feed narrows to a kind or to one entity, filters on subjects narrow further.
 *
 * W1. A scope never reaches beyond its tenant, and beside it the cluster's own events.
 */
import { type LiveGroup, liveGroupOf } from '#protocols/events.ts';
import { subjectMatches } from '#protocols/subjects.ts';
import type { Frame } from './frames.ts';

/** The part of the feed's path behind `/ws` or `/events`. Without an id: all of that kind. */
export interface LivePath {
  readonly group: LiveGroup | null;
  readonly id: string | null;
}

export const EVERYTHING: LivePath = { group: null, id: null };

export interface Scope {
  /** Equal for equal scopes. */
  readonly key: string;
  /** Told to the viewer. */
  readonly subjects: readonly string[];
  /** Whether it is told of nodes and partitions too. */
  readonly showsCluster: boolean;
  /** One filter that lets all of it through, for reads of the log. */
  readonly filter: string;
  shows(frame: Frame): boolean;
}

/** The first of `subjects` that is not of the tenant, or null. */
export function findForeign(tenant: string, subjects: readonly string[]): string | null {
  return subjects.find((subject) => subject.split('.')[1] !== tenant) ?? null;
}

/** `subjects` left out or empty: all that the path shows. */
export function buildScope(tenant: string, path: LivePath, subjects: readonly string[] = []): Scope {
  const own = subjectsOf(tenant, path);
  const wanted = subjects.length > 0 ? subjects : own;
  const [only, ...others] = wanted;
  return {
    key: JSON.stringify([path, wanted]),
    subjects: wanted,
    showsCluster: path.group === null || path.group === 'system',
    filter: only !== undefined && others.length === 0 ? only : `evt.${tenant}.>`,
    shows: (frame) => isOnPath(frame, path) && wanted.some((filter) => subjectMatches(filter, frame.subject)),
  };
}

/** A session's events are its own and those of its tasks. */
function subjectsOf(tenant: string, { group, id }: LivePath): string[] {
  if (group === null || group === 'system') return [`evt.${tenant}.>`];
  if (id === null) return [`evt.${tenant}.${group}.>`];
  const own = `evt.${tenant}.${group}.${id}.>`;
  return group === 'session' ? [own, `evt.${tenant}.task.>`] : [own];
}

function isOnPath({ subject, sessionId }: Frame, { group, id }: LivePath): boolean {
  if (group === null) return true;
  const [, , kind = '', owner = ''] = subject.split('.');
  if (group === 'session' && id !== null && kind === 'task') return sessionId === id;
  return liveGroupOf(kind) === group && (id === null || owner === id);
}
