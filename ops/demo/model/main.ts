/** Runs the scripted model alone: `node ops/demo/model/main.ts`. Prints the configuration that opencode needs. */
import { once } from 'node:events';
import { z } from 'zod';
import { buildScriptedProvider, MODEL_NAME } from './provider.ts';
import { startScriptedModel } from './server.ts';

const Config = z.object({
  OIO_SCRIPTED_MODEL_PORT: z.coerce.number().int().min(0).max(65_535).default(4011),
  OIO_SCRIPTED_MODEL_DELAY_MS: z.coerce.number().int().min(0).max(10_000).default(40),
});

const config = Config.parse(process.env);
const model = await startScriptedModel({
  port: config.OIO_SCRIPTED_MODEL_PORT,
  delayMs: config.OIO_SCRIPTED_MODEL_DELAY_MS,
});
process.stdout.write(
  `${JSON.stringify({ msg: 'ready', url: model.url, model: MODEL_NAME, config: buildScriptedProvider(model.url) })}\n`,
);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
await model.stop();
