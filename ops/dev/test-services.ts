/** One NATS and one Postgres for a run of the live tests, which get them by `inject('natsUrl')` and `inject('databaseUrl')`. */
import type { TestProject } from 'vitest/node';
import { startTestServices } from './stack.ts';
import './test-database.ts';

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const services = await startTestServices();
  project.provide('natsUrl', services.natsUrl);
  project.provide('databaseUrl', services.databaseUrl);
  return services.stop;
}
