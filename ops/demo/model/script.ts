/**
 * What the scripted model knows: for each task, by its title, the steps it takes. A script is data; it is no
 * intelligence. What the steps lead to is real, because the agent carries them out with its own tools.
 */

/** `{directory}` inside a text argument becomes the directory that the agent works in. */
export type ToolCall = {
  readonly tool: string;
  readonly arguments: Readonly<Record<string, unknown>>;
};

/** A tool call; with `also`, several in one message. */
export type CallStep = ToolCall & {
  readonly type: 'call';
  readonly say?: string;
  readonly also?: readonly ToolCall[];
};

/** The end of the work. When the last tool result lacks `needs`, the model says `otherwise` and claims nothing. */
export type AnswerStep = {
  readonly type: 'answer';
  readonly text: string;
  readonly needs?: string;
  readonly otherwise?: string;
};

/** The end of the work, too: names the commands since the task was asked whose result has `has` in it. */
export type ReportStep = { readonly type: 'report'; readonly text: string; readonly has: string };

/** An error of the endpoint itself, for trying what an agent does then. */
export type FailStep = { readonly type: 'fail'; readonly status: number; readonly message: string };

export type ScriptStep = CallStep | AnswerStep | ReportStep | FailStep;

export type Script = {
  readonly name: string;
  /** Tried against the task's title, which is the first line of the prompt. */
  readonly match: RegExp;
  readonly steps: readonly ScriptStep[];
};

/** For every prompt that no script knows: looks, says what it saw, and changes nothing. */
export const LOOK_AROUND: Script = {
  name: 'look around',
  match: /(?:)/,
  steps: [
    {
      type: 'call',
      say: 'I look at what is here.',
      tool: 'glob',
      arguments: { pattern: '**/*.{md,js,ts,json}' },
    },
    { type: 'call', tool: 'bash', arguments: { command: 'head -n 40 README* 2>/dev/null || ls' } },
    {
      type: 'answer',
      text: 'This is the scripted model: it has no script for this task. It has read the project and changed nothing.',
    },
  ],
};

export function chooseScript(scripts: readonly Script[], title: string): Script {
  return scripts.find((script) => script.match.test(title)) ?? LOOK_AROUND;
}
