/**
 * A whole system on private services with the scripted model behind its agent: for the demo, and for tests of the
 * whole. Every part is a process of its own, as in a real installation.
 */
import { join } from 'node:path';
import { freePort } from '../dev/ports.ts';
import { type RunningProcess, type Services, startProcess, startServices } from '../dev/stack.ts';
import { migrate } from '../migrate.ts';
import { buildScriptedProvider, MODEL_NAME } from './model/provider.ts';
import { type ScriptedModel, startScriptedModel } from './model/server.ts';

export interface SystemOptions {
  readonly dataDir: string;
  readonly nodes: number;
  /** `provider/model` of a real model, its key in the environment; null: the scripted one. */
  readonly model: string | null;
  /** How long the scripted model holds each chunk back. */
  readonly modelDelayMs?: number;
  /** Called at once with what stops whatever was started so far: for an interruption in the middle of the start. */
  readonly onStop?: (stop: () => Promise<void>) => void;
  readonly onProgress?: (message: string) => void;
  readonly onLine?: (role: string, line: string) => void;
}

export interface System {
  readonly apiUrl: string;
  readonly services: Services;
  readonly nodes: readonly RunningProcess[];
  readonly gateway: RunningProcess;
  readonly agent: RunningProcess;
  readonly model: ScriptedModel | null;
  /** Another process of the same agent: its successor. */
  startAgent(): Promise<RunningProcess>;
  stop(): Promise<void>;
}

/** Starts everything and resolves when a session can be started. What was started is stopped where one part fails. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const tell = options.onProgress ?? (() => undefined);
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  options.onStop?.(stop);
  try {
    tell('starting nats-server and Postgres');
    const services = await startServices({
      dataDir: options.dataDir,
      onProgress: (service, message) => tell(`${service}: ${message}`),
    });
    stops.push(() => services.stop());
    await migrate(services.databaseUrl);
    const model =
      options.model === null ? await startScriptedModel({ delayMs: options.modelDelayMs ?? 25 }) : null;
    if (model) stops.push(() => model.stop());
    tell(
      `starting ${options.nodes} runtime node${options.nodes === 1 ? '' : 's'}, gateway and opencode agent`,
    );
    const run = (role: string, file: string, env: Record<string, string>) =>
      launch(
        { role, file, env: { NATS_URL: services.natsUrl, DATABASE_URL: services.databaseUrl, ...env } },
        options,
        stops,
      );
    const nodes = await Promise.all(
      Array.from({ length: options.nodes }, (_, index) =>
        run(`node-${index + 1}`, 'runtime/main.ts', { OIO_NODE_ID: `node-${index + 1}` }),
      ),
    );
    const port = await freePort();
    const apiUrl = `http://127.0.0.1:${port}`;
    const gateway = await run('gateway', 'gateway/main.ts', { PORT: String(port), HOST: '127.0.0.1' });
    const startAgent = () =>
      run('agent', 'actors/remote/opencode/main.ts', {
        OIO_AGENT_NAME: 'AGENT-OPENCODE-1',
        OIO_WORK_DIR: join(options.dataDir, 'agent'),
        OIO_CAPACITY: '4',
        OIO_MODEL: options.model ?? MODEL_NAME,
        ...(model ? { OIO_OPENCODE_CONFIG: JSON.stringify(buildScriptedProvider(model.url)) } : {}),
      });
    const agent = await startAgent();
    await becomeReady(apiUrl);
    return { apiUrl, services, nodes, gateway, agent, model, startAgent, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function launch(
  program: { role: string; file: string; env: Record<string, string> },
  options: SystemOptions,
  stops: (() => Promise<unknown>)[],
): Promise<RunningProcess> {
  const process = await startProcess({ ...program, onLine: (line) => options.onLine?.(program.role, line) });
  stops.push(() => process.stop());
  await process.ready;
  return process;
}

const READY_MS = 30_000;

async function becomeReady(apiUrl: string): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    const response = await fetch(`${apiUrl}/ready`, { signal: AbortSignal.timeout(5_000) }).catch(() => null);
    if (response?.ok) return;
    if (Date.now() > deadline) {
      const why = response ? await response.text() : 'no answer';
      throw new Error(`the gateway at ${apiUrl} was not ready within ${READY_MS / 1_000} s: ${why}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
