/**
 * A tool for models: what it is called, takes and gives, as data, and what it does over the API's typed client. Knows no
 * transport: the gateway serves the same tools at `/mcp` as `oio mcp` does on stdio.
 *
 * T1. What a tool takes is checked before it runs, and what it gives is cut to the fields that it promises.
 * T2. A tool knows the API's client alone: whatever the API refuses to its caller, it refuses here.
 */
import type { z } from 'zod';
import type { ApiClient } from '#protocols/client/client.ts';

/** What a tool works with. */
export interface Bench {
  readonly api: ApiClient;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** Says how far it is; never fails, and says nothing where nobody asked for it. */
  readonly report: (progress: Progress) => Promise<void>;
}

export interface Progress {
  /** 0 to 100, and never less than before. */
  readonly percent: number;
  readonly message: string;
}

/** What becomes of things by it: clients decide by that whom they ask first. */
export type Effect = 'reads' | 'adds' | 'changes' | 'ends';

export interface Tool {
  readonly name: string;
  readonly title: string;
  /** For a model: what it is for, when to use it, and what to do next. */
  readonly description: string;
  readonly effect: Effect;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  /** `asked` is as `input` has it. Rejects with what the client rejects with. */
  run(asked: unknown, bench: Bench): Promise<unknown>;
}

interface Draft<Input extends z.ZodObject, Output extends z.ZodObject>
  extends Omit<Tool, 'input' | 'output' | 'run'> {
  readonly input: Input;
  readonly output: Output;
  run(asked: z.infer<Input>, bench: Bench): Promise<z.input<Output>>;
}

/** The tool, its own types forgotten: whoever calls it parses first. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  draft: Draft<Input, Output>,
): Tool {
  const { input, output, run } = draft;
  return { ...draft, run: async (asked, bench) => output.parse(await run(input.parse(asked), bench)) };
}
