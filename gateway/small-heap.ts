/**
 * How the gateway's process keeps its heap small. It lives on frames of the live feed: a few megabytes a second that are
 * garbage after seconds. Left alone, Node collects when the heap has doubled; told so, when it has grown by two fifths, at
 * the cost of a percent or two of a core. What young garbage may take can only be said when Node is started: see
 * `GATEWAY_FLAGS` of the stack.
 */
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 40;

/** For the whole process, from the next collection on. */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
}
