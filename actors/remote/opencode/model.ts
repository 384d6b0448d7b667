/** Names of models: `provider/model`, checked against what opencode is configured for before anything is asked. */
import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import { read } from './ask.ts';
import { AttemptFailure } from './failure.ts';

export type ModelName = { readonly providerID: string; readonly modelID: string };

/** Only the first slash divides: names of models may have more. */
export function parseModelName(name: string): ModelName | null {
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return null;
  return { providerID: name.slice(0, slash), modelID: name.slice(slash + 1) };
}

export async function findModel(client: OpencodeClient, directory: string, name: string): Promise<ModelName> {
  const model = parseModelName(name);
  if (model === null)
    throw new AttemptFailure('MODEL_UNKNOWN', `"${name}" is not of the form provider/model`);
  const known = await listModels(client, directory);
  if (known.includes(name)) return model;
  const offered = known.length === 0 ? 'none' : known.slice(0, 20).join(', ');
  throw new AttemptFailure('MODEL_UNKNOWN', `opencode has no model "${name}" here. It has: ${offered}`);
}

/** Fails, with the mend, where no task could get a model. */
export async function requireSomeModel(client: OpencodeClient, directory: string): Promise<void> {
  const known = await listModels(client, directory);
  if (known.length > 0) return;
  const mend = 'set a provider key such as ANTHROPIC_API_KEY, or describe a provider in OIO_OPENCODE_CONFIG';
  throw new AttemptFailure('MODEL_UNKNOWN', `the agent has no model: ${mend}, and start the agent again`);
}

async function listModels(client: OpencodeClient, directory: string): Promise<readonly string[]> {
  const { providers } = await read('the list of models', () => client.config.providers({ directory }));
  return providers.flatMap(({ id, models }) => Object.keys(models).map((key) => `${id}/${key}`));
}
