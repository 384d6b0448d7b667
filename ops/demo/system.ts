/** A whole private system with the scripted model behind its agent: for the demo, and for tests of the whole. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDataFolder } from '../dev/data-folder.ts';
import { buildLogStream } from '../dev/log-stream.ts';
import { freePort } from '../dev/ports.ts';
import { startSystem as startStack } from '../dev/system.ts';
import { CRUD_SCRIPTS } from './model/crud-scripts.ts';
import { buildScriptedProvider, MODEL_NAME } from './model/provider.ts';
import type { Script } from './model/script.ts';
import { type ScriptedModel, startScriptedModel } from './model/server.ts';

export interface SystemOptions {
  readonly dataDir: string;
  readonly nodes: number;
  /** `provider/model` of a real model, its key in the environment; null: the scripted one. */
  readonly model: string | null;
  /** Beside those of the demo, for the scripted model; these are tried first. */
  readonly scripts?: readonly Script[];
  /** Lines of the one log stream, as JSON. */
  readonly onLog: (line: string) => void;
  /** Ends a start that is under way. */
  readonly signal?: AbortSignal;
}

export interface System {
  readonly url: string;
  readonly natsUrl: string;
  readonly databaseUrl: string;
  /** Process id of `node-1`, `gateway`, `agent`, …, as it runs now. */
  pidOf(role: string): number;
  stop(): Promise<void>;
}

/** Starts everything and resolves when a session can be started; rejects with nothing left running. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const folder = await openDataFolder(options.dataDir, 'demo');
  const model = options.model === null ? await startScripted(options.scripts) : null;
  const release = async () => {
    await model?.stop();
    folder.release();
  };
  try {
    const system = await startStack({
      folder,
      logs: buildLogStream({ level: 'info', isPretty: false, write: options.onLog }),
      host: '127.0.0.1',
      port: await freePort(),
      nodes: options.nodes,
      hasAgent: true,
      env: {
        OIO_CAPACITY: '4',
        OIO_MODEL: options.model ?? MODEL_NAME,
        ...(model ? { OIO_OPENCODE_CONFIG: JSON.stringify(buildScriptedProvider(model.url)) } : {}),
      },
      signal: options.signal ?? new AbortController().signal,
    });
    return {
      url: system.url,
      natsUrl: system.natsUrl,
      databaseUrl: system.databaseUrl,
      pidOf: (role) => pidOf(folder.path, role),
      async stop() {
        await system.stop();
        await release();
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

function startScripted(scripts: readonly Script[] = []): Promise<ScriptedModel> {
  return startScriptedModel({ delayMs: 25, scripts: [...scripts, ...CRUD_SCRIPTS] });
}

function pidOf(folder: string, role: string): number {
  const running: { role: string; pid: number }[] = JSON.parse(
    readFileSync(join(folder, 'running.json'), 'utf8'),
  );
  const found = running.find((process) => process.role === role);
  if (!found) throw new Error(`no process ${role} runs now`);
  return found.pid;
}
