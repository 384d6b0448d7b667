/** Every kind of fault, in the order in which the short run has them. */
import type { Fault } from './fault.ts';
import { NODE_KILL, NODE_PAUSE } from './faults/node-faults.ts';

export const FAULTS: readonly Fault[] = [NODE_KILL, NODE_PAUSE];
