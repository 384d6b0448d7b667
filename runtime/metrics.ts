/** What a node measures of itself. Labels come from closed sets only, never an actor's id. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { addProgressMetrics, type ProgressLook } from './progress-metrics.ts';

export interface RuntimeMetrics {
  readonly registry: Registry;
  readonly messages: Counter<'result'>;
  readonly commits: Counter<'result'>;
  readonly commitSeconds: Histogram;
  readonly commitTurns: Histogram;
  readonly published: Counter<'kind'>;
  readonly turnsTwice: Counter<'result'>;
  readonly foldChecks: Counter<'result'>;
  readonly partitions: Gauge;
  readonly lag: Gauge;
  readonly activations: Gauge;
  readonly activationBytes: Gauge;
  readonly passivations: Counter<'reason'>;
  readonly largeStates: Counter;
  readonly outboxFull: Counter;
  /** Says where progress is read when somebody asks. */
  watch(look: () => ProgressLook): void;
  readonly suspended: Gauge;
  readonly deadLetters: Counter<'reason'>;
}

export function buildMetrics(): RuntimeMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    messages: new Counter({
      name: 'oio_messages_total',
      help: 'Messages taken from the log, by what became of them',
      labelNames: ['result'],
      registers,
    }),
    commits: new Counter({
      name: 'oio_commits_total',
      help: 'Partition batches by outcome of their commit',
      labelNames: ['result'],
      registers,
    }),
    commitSeconds: new Histogram({
      name: 'oio_commit_seconds',
      help: 'Time of one commit of all partitions with turns',
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5],
      registers,
    }),
    commitTurns: new Histogram({
      name: 'oio_commit_turns',
      help: 'Turns in one commit',
      buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000],
      registers,
    }),
    published: new Counter({
      name: 'oio_published_total',
      help: 'What left after commits, by kind',
      labelNames: ['kind'],
      registers,
    }),
    ...addFoldMetrics(registers),
    ...addActorMetrics(registers),
    partitions: new Gauge({ name: 'oio_partitions', help: 'Partitions held by this node', registers }),
    lag: new Gauge({ name: 'oio_lag_messages', help: 'Messages that wait for this node', registers }),
    deadLetters: new Counter({
      name: 'oio_dead_letters_total',
      help: 'Messages set aside, by reason',
      labelNames: ['reason'],
      registers,
    }),
    outboxFull: new Counter({
      name: 'oio_outbox_full_total',
      help: 'Times that as much was under way to the log as may be, and the taking of messages paused',
      registers,
    }),
    largeStates: new Counter({
      name: 'oio_large_states_total',
      help: 'Snapshots written that are over the size from which on a state is called large',
      registers,
    }),
    watch: addProgressMetrics(registry),
  };
}

function addFoldMetrics(registers: Registry[]): Pick<RuntimeMetrics, 'turnsTwice' | 'foldChecks'> {
  return {
    turnsTwice: new Counter({
      name: 'oio_turns_twice_total',
      help: 'Turns taken a second time to compare: any that differ mean a handler that is not deterministic',
      labelNames: ['result'],
      registers,
    }),
    foldChecks: new Counter({
      name: 'oio_fold_checks_total',
      help: 'Actors folded from the log again: any that differ mean that what is stored is not what was decided',
      labelNames: ['result'],
      registers,
    }),
  };
}

function addActorMetrics(
  registers: Registry[],
): Pick<RuntimeMetrics, 'suspended' | 'activations' | 'activationBytes' | 'passivations'> {
  return {
    suspended: new Gauge({
      name: 'oio_suspended_actors',
      help: 'Actors of this node that take nothing until a person resumes them',
      registers,
    }),
    activations: new Gauge({ name: 'oio_activations', help: 'Actors in memory', registers }),
    activationBytes: new Gauge({
      name: 'oio_activation_bytes',
      help: 'Memory that actors take, by estimate',
      registers,
    }),
    passivations: new Counter({
      name: 'oio_passivations_total',
      help: 'Actors that left memory: idle for long, or too many for the memory',
      labelNames: ['reason'],
      registers,
    }),
  };
}
