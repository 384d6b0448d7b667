/**
 * Kinds of tests, each run by name (`vitest run --project unit`, `--project 'e2e*'`):
 * unit is pure and quick, and leaves nothing behind in modules, which its files share; sim runs seeds of the simulated
 * cluster and finds its planted bugs; live runs against a real NATS and Postgres, started once for the run by
 * ops/dev/test-services.ts; e2e starts the whole system; chaos hurts a whole cluster in every way once.
 * Live goes file after file: its files share the services, and a test that measures a deadline must not pay for its neighbour.
 * What starts all that it needs by itself and waits longer than it computes goes two files at a time: live-apart and e2e; what
 * of it measures frames and leases (e2e-timed) goes beside its like alone. Chaos mostly waits, and sim only computes: they are
 * run together, sim with what processor chaos leaves. Long is what takes too long for every change: not part of `npm test`,
 * but of `npm run test:long`.
 */
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** A folder for a report of each run beside what is shown, for .ci/run to sum up. */
const reports = process.env.OIO_TEST_REPORTS;

const notTests = ['**/node_modules/**', '**/dist/**', '**/.oio/**', '**/fixtures/**', 'ops/demo/project/**'];

/** Agents, which share no log or table with others, and a stack with its own services. */
const apart = [
  'actors/remote/!(sdk)/**/*.live.test.ts',
  'ops/eap/**/*.live.test.ts',
  'ops/dev/main.live.test.ts',
  'ops/docker/containers.live.test.ts',
  'ops/sdk/**/*.live.test.ts',
];

/** They measure frames, deadlines and leases of a whole system: beside each other alone, for they mostly wait. */
const timed = ['large-graph', 'scheduling', 'locks'].map((name) => `ops/e2e/${name}.e2e.ts`);

/** What is waited for comes late on a busy machine; how late is measured by benchmarks. Vitest waits for one second. */
const patient = { poll: { timeout: 20_000 } };

/** Chaos takes longest: what is run beside it must not hold it back. */
class ChaosFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isChaos = ({ project }: TestSpecification) => Number(project.name === 'chaos');
    return (await super.sort(files)).sort((a, b) => isChaos(b) - isChaos(a));
  }
}

export default defineConfig({
  test: {
    maxWorkers: '100%',
    sequence: { sequencer: ChaosFirst },
    ...(reports && {
      reporters: ['default', ['json', { outputFile: join(reports, `${process.pid}.json`) }]],
    }),
    projects: [
      {
        test: {
          name: 'unit',
          expect: patient,
          include: ['**/*.test.{ts,tsx}'],
          exclude: [...notTests, '**/*.live.test.ts', '**/*.long.test.ts', 'ops/sim/**'],
          // Half of the time went into loading the same modules for each of 350 files anew.
          isolate: false,
          // Some go through hundreds of seeds, and others may use the machine.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'sim',
          expect: patient,
          include: ['ops/sim/**/*.test.ts'],
          exclude: notTests,
          setupFiles: ['ops/sim/low-priority.ts'],
          testTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'live',
          expect: patient,
          include: ['**/*.live.test.ts'],
          exclude: [...notTests, ...apart],
          globalSetup: ['ops/dev/test-services.ts'],
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'live-apart',
          expect: patient,
          include: apart,
          exclude: notTests,
          globalSetup: ['ops/dev/test-services.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'e2e',
          expect: patient,
          include: ['ops/e2e/**/*.e2e.ts'],
          exclude: [...notTests, ...timed],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'e2e-timed',
          expect: patient,
          include: timed,
          exclude: notTests,
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'long',
          expect: patient,
          include: ['**/*.long.test.ts'],
          exclude: notTests,
          fileParallelism: false,
          testTimeout: 600_000,
        },
      },
      {
        test: {
          name: 'chaos',
          expect: patient,
          include: ['ops/chaos/**/*.e2e.ts'],
          exclude: notTests,
          testTimeout: 600_000,
        },
      },
    ],
  },
});
