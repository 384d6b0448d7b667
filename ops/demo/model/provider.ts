/** How opencode is told of the scripted model: a provider of its configuration, and the name to ask for. */

export const PROVIDER_ID = 'scripted';
export const MODEL_ID = 'demo';

/** As `OIO_MODEL` wants it. */
export const MODEL_NAME = `${PROVIDER_ID}/${MODEL_ID}`;

/** As `OIO_OPENCODE_CONFIG` wants it. The prices are invented, so that costs can be seen to add up. */
export function buildScriptedProvider(url: string): Record<string, unknown> {
  return {
    model: MODEL_NAME,
    small_model: MODEL_NAME,
    provider: {
      [PROVIDER_ID]: {
        npm: '@ai-sdk/openai-compatible',
        name: 'Scripted model (no intelligence)',
        options: { baseURL: url, apiKey: 'none' },
        models: {
          [MODEL_ID]: {
            name: 'scripted model',
            tool_call: true,
            limit: { context: 128_000, output: 8_000 },
            cost: { input: 1, output: 4 },
          },
        },
      },
    },
  };
}
