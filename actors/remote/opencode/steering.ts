/**
 * What people say to an opencode session while it works. A prompt to a busy session is read with its next step; an
 * interruption aborts the step first. Words are said one after the other, in their order.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpencodeClient } from '@opencode-ai/sdk/v2/client';
import type { SteerWord } from '#actors/remote/sdk/requests.ts';
import { read, tell } from './ask.ts';
import type { ModelName } from './model.ts';

export interface SteeringOptions {
  readonly client: OpencodeClient;
  readonly directory: string;
  readonly sessionId: string;
  /** What a prompt names beside its words: the model and the system prompt are the task's own. */
  readonly settings: { readonly model?: ModelName; readonly system?: string };
  readonly onSaid: () => void;
}

const ABORT_MS = 10_000;
const LOOK_MS = 50;

export class Steering {
  readonly #options: SteeringOptions;
  #last: Promise<void> = Promise.resolve();
  #open = 0;

  constructor(options: SteeringOptions) {
    this.#options = options;
  }

  /** Something is being said: what the session shows just now is not its end. */
  get isBusy(): boolean {
    return this.#open > 0;
  }

  say(word: SteerWord): Promise<void> {
    this.#open += 1;
    const said = this.#last.then(() => this.#say(word));
    this.#last = said.then(
      () => this.#done(),
      () => this.#done(),
    );
    return said;
  }

  #done(): void {
    this.#open -= 1;
    this.#options.onSaid();
  }

  async #say({ message, delivery }: SteerWord): Promise<void> {
    const { client, directory, sessionId: sessionID, settings } = this.#options;
    if (delivery === 'interrupt') {
      await tell('the step an end', client.session.abort({ sessionID, directory }));
      await this.#awaitIdle();
    }
    const parts = [{ type: 'text' as const, text: message }];
    await tell('a word a hearing', client.session.promptAsync({ sessionID, directory, parts, ...settings }));
  }

  async #awaitIdle(): Promise<void> {
    const { client, directory, sessionId } = this.#options;
    const deadline = performance.now() + ABORT_MS;
    while (performance.now() < deadline) {
      const all = await read('the state of its sessions', () => client.session.status({ directory }));
      if ((all[sessionId]?.type ?? 'idle') === 'idle') return;
      await sleep(LOOK_MS);
    }
  }
}
