/** Events for tests of what is made of them. */
import type { LiveFrame } from '#protocols/events.ts';

/** A maker of frames, each a second after the one before. */
export function frames(): (address: string, name: string, payload: Record<string, unknown>) => LiveFrame {
  let seq = 0;
  return (address, name, payload) => {
    seq += 1;
    const at = new Date(Date.UTC(2026, 0, 1) + seq * 1_000).toISOString();
    const [type, id] = address.split('/');
    return {
      ...{ seq, type: `${type}.${name}`, subject: `evt.dev.${type}.${id}.${name}`, timestamp: at },
      payload: {
        id: `e${seq}`,
        address: `${type}/dev/${id}`,
        name,
        version: seq,
        at,
        cause: 'c',
        root: 'r',
        payload,
      },
    };
  };
}
