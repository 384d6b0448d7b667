/**
 * What an agent may give to the model or the program that works for it: MCP servers, of which each lets it see and change
 * no more than the session of one attempt.
 */
import { z } from 'zod';

export const TOOLS_REQUEST = { kind: z.literal('tools.request') };

/** The value of the answer. Empty where this deployment has none. */
export const ToolsSaid = z.object({
  mcp: z.array(
    z.object({
      /** What the program may call it. */
      name: z.string(),
      /** Streamable HTTP. */
      url: z.url(),
      /** For `Authorization: Bearer …`. A secret of this attempt: it goes into no log, report or prompt. */
      token: z.string(),
      /** It ends then, or with the attempt, whichever comes first. */
      expiresAt: z.iso.datetime(),
    }),
  ),
});
export type ToolsSaid = z.infer<typeof ToolsSaid>;
