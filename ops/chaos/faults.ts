/** Every kind of fault, in the order in which the short run has them. */
import type { Fault } from './fault.ts';
import { CLOCK } from './faults/clock-faults.ts';
import { CRASH } from './faults/crash-faults.ts';
import { COMMIT_CUT, COMMIT_UNKNOWN, PUBLISH_CUT, PUBLISH_UNKNOWN } from './faults/cut-faults.ts';
import { CLIENT_CUT, CUT, SILENT_NATS, SILENT_POSTGRES, SLOW } from './faults/line-faults.ts';
import {
  NATS_DOWN,
  NATS_FULL,
  NATS_FULL_ALL,
  NATS_KILL,
  NATS_LEADER_KILL,
  NATS_LEADER_PAUSE,
  NATS_PAUSE,
  NATS_POWER,
  NATS_POWER_ALL,
} from './faults/nats-faults.ts';
import { NODE_KILL, NODE_PAUSE } from './faults/node-faults.ts';
import { POSTGRES_KILL } from './faults/postgres-faults.ts';
import { ROLLING } from './faults/rolling.ts';

export const FAULTS: readonly Fault[] = [
  NODE_KILL,
  NODE_PAUSE,
  COMMIT_CUT,
  COMMIT_UNKNOWN,
  PUBLISH_CUT,
  PUBLISH_UNKNOWN,
  POSTGRES_KILL,
  CUT,
  CLIENT_CUT,
  SLOW,
  SILENT_POSTGRES,
  SILENT_NATS,
  NATS_KILL,
  NATS_LEADER_KILL,
  NATS_PAUSE,
  NATS_LEADER_PAUSE,
  NATS_DOWN,
  NATS_POWER,
  NATS_POWER_ALL,
  NATS_FULL,
  NATS_FULL_ALL,
  CLOCK,
  CRASH,
  ROLLING,
];
