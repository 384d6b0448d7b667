/**
 * Ports that a server of the run has again after each restart. They lie below the range from which systems draw the
 * ports of outgoing connections, or while the server is down somebody's connection could take its port.
 */
import { assertPortFree } from '../dev/ports.ts';

const RANGE = { from: 20_000, to: 32_000 } as const;
const TRIES = 200;

/** So many different ones, each free a moment ago. */
export async function stablePorts(count: number): Promise<number[]> {
  const found = new Set<number>();
  for (let attempt = 0; found.size < count; attempt++) {
    if (attempt === TRIES) throw new Error(`no ${count} free ports between ${RANGE.from} and ${RANGE.to}`);
    const port = RANGE.from + Math.floor(Math.random() * (RANGE.to - RANGE.from));
    const isFree = await assertPortFree('127.0.0.1', port).then(
      () => true,
      () => false,
    );
    if (isFree) found.add(port);
  }
  return [...found];
}
