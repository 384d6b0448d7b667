/** Which actor is looked into, as addresses and owners name it, and where its inspector is. Pure. */
export interface ActorPlace {
  readonly type: string;
  readonly id: string;
}

const TYPE = /^[a-z][a-z0-9-]{0,31}$/;
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** `session/s-1`, or a whole address `session/dev/s-1`; null where it is neither. */
export function parseActorPlace(text: string): ActorPlace | null {
  const parts = text.trim().split('/');
  const [type = '', id = ''] = parts.length === 3 ? [parts[0], parts[2]] : parts.length === 2 ? parts : [];
  return TYPE.test(type) && ID.test(id) ? { type, id } : null;
}

export function formatActorPlace({ type, id }: ActorPlace): string {
  return `${type}/${id}`;
}

/** Where the inspector of an actor is; null where the text names none. */
export function inspectorPath(text: string | null): string | null {
  const place = text === null ? null : parseActorPlace(text);
  return place && `/cluster?actor=${encodeURIComponent(formatActorPlace(place))}`;
}

/** The actor that holds a lock: `task/t-1/2` is the second attempt of a task. People and programs are no actors. */
export function actorOfOwner(owner: string): ActorPlace | null {
  const [type = '', id = '', attempt] = owner.split('/');
  return type === 'task' && attempt !== undefined ? parseActorPlace(`${type}/${id}`) : null;
}
