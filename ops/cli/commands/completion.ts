/** `oio completion <shell>`: a script that asks `oio proposals` what could come next. */
import { buildCommand } from '@stricli/core';
import { type Cli, describe } from '../cli.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_oio() {
  local words
  mapfile -t words < <(oio proposals -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=()
  local word
  for word in "\${words[@]}"; do
    if [[ $word == "\${COMP_WORDS[COMP_CWORD]}"* ]]; then COMPREPLY+=("$word"); fi
  done
}
complete -o default -F _oio oio
`,
  zsh: `#compdef oio
_oio() {
  local -a found
  found=("\${(@f)$(oio proposals -- "\${(@)words[2,$CURRENT]}" 2>/dev/null)}")
  compadd -a found
}
compdef _oio oio
`,
  fish: `function __oio_proposals
  set -l words (commandline -opc) (commandline -ct)
  oio proposals -- $words[2..-1] 2>/dev/null
end
complete -c oio -f -a '(__oio_proposals)'
`,
};

export const completion = buildCommand({
  docs: describe({
    brief: 'Print a script that completes oio in your shell',
    examples: [
      'oio completion bash >> ~/.bashrc',
      'oio completion zsh > ~/.zfunc/_oio',
      'oio completion fish > ~/.config/fish/completions/oio.fish',
    ],
  }),
  parameters: {
    flags: {
      json: { kind: 'boolean', brief: 'As {"shell":…,"script":…}', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          brief: SHELLS.join(', '),
          parse: parseShell,
          placeholder: 'shell',
          proposeCompletions: (partial: string) => SHELLS.filter((shell) => shell.startsWith(partial)),
        },
      ],
    },
  },
  func(this: Cli, flags: { readonly json: boolean }, shell: Shell) {
    const script = SCRIPTS[shell];
    this.process.stdout.write(flags.json ? `${JSON.stringify({ shell, script })}\n` : script);
  },
});

/** Hidden: what a completion script asks. One proposal a line. */
export const proposals = buildCommand({
  docs: describe({ brief: 'Say what could come next', examples: ['oio proposals -- session ""'] }),
  parameters: {
    positional: { kind: 'array', parameter: { brief: 'Words so far', parse: String, placeholder: 'word' } },
  },
  async func(this: Cli, _flags: Record<never, never>, ...words: string[]) {
    for (const proposal of await this.propose(words)) this.process.stdout.write(`${proposal}\n`);
  },
});

function parseShell(text: string): Shell {
  const shell = SHELLS.find((one) => one === text);
  if (shell === undefined) throw new Error(`one of ${SHELLS.join(', ')}`);
  return shell;
}
