/**
 * Keeps the heap of the process small that imports it before all else: it must be told before the heap grows, for each
 * collection decides when the next one comes.
 *
 * A gateway lives on frames of the live feed: a few megabytes a second that are garbage after seconds. Left alone, Node
 * collects when the heap has grown to several times of what is kept; told so, when it has grown by a quarter, at the cost of
 * a percent or two of a core. What young garbage may take can only be said when Node is started: see `GATEWAY_FLAGS` of
 * the stack.
 */
import { setFlagsFromString } from 'node:v8';

const GROWING_PERCENT = 25;

setFlagsFromString(`--heap-growing-percent=${GROWING_PERCENT}`);
