/** Agents in words: status, circuit and load, each a mark and a word. Pure. */
import type { AgentStatus } from '#protocols/agent.ts';
import type { LoadLevel } from '#protocols/agent-load.ts';
import type { CircuitState, PerformanceTier } from '#protocols/agent-performance.ts';
import type { Look, Tone } from './state-words.ts';

export const AGENT_LOOK = {
  online: { mark: '▶', word: 'ONLINE', tone: 'run' },
  busy: { mark: '▶', word: 'BUSY', tone: 'run' },
  degraded: { mark: '▲', word: 'DEGRADED', tone: 'warn' },
  draining: { mark: '▽', word: 'DRAINING', tone: 'wait' },
  maintenance: { mark: '‖', word: 'HELD BACK', tone: 'warn' },
  offline: { mark: '✕', word: 'OFFLINE', tone: 'fail' },
} as const satisfies Record<AgentStatus, Look>;

export const CIRCUIT_LOOK = {
  closed: { mark: '─', word: 'CLOSED', tone: 'idle' },
  half_open: { mark: '⁄', word: 'ON TRIAL', tone: 'warn' },
  open: { mark: '✕', word: 'OPEN', tone: 'fail' },
} as const satisfies Record<CircuitState, Look>;

export const TIER_TONE = {
  elite: 'run',
  advanced: 'done',
  competent: 'idle',
  trainee: 'idle',
  degraded: 'fail',
} as const satisfies Record<PerformanceTier, Tone>;

export const LOAD_TONE = {
  idle: 'idle',
  optimal: 'run',
  high: 'run',
  critical: 'warn',
  overloaded: 'fail',
} as const satisfies Record<LoadLevel, Tone>;
