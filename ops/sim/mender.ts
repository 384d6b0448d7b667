/**
 * A person who looks after dead letters while the faults go on: mends, sends again, gives up.
 *
 * X3. An act of unknown outcome is not asked again under the same key: the letter's own state has to keep it to once.
 */
import { z } from 'zod';
import type { DeadLetters, LetterAct, LetterSummary } from '#runtime/dead-letters.ts';
import { TENANT } from './kinds.ts';
import { storeOver } from './ports.ts';
import { SimProcess } from './process.ts';
import type { World } from './world.ts';

const LOOKED_AT_MAX = 20;

/** What was set aside, as the kinds here have it. */
export const SetAside = z.object({
  message: z.looseObject({ type: z.string(), op: z.string().optional() }),
});

export class Mender {
  readonly #world: World;
  readonly #letters: DeadLetters;

  constructor(world: World, name: string) {
    this.#world = world;
    this.#letters = storeOver<DeadLetters>(world, new SimProcess(name), world.store.letters);
  }

  /** One person's work until `isOver`. */
  async keepMending(isOver: () => boolean): Promise<void> {
    const { random, clock, slowness } = this.#world;
    while (!isOver()) {
      await clock.sleep(random.between(50, 1_500) * slowness);
      try {
        const open = await this.#letters.list({ tenant: TENANT, status: ['open'], limit: LOOKED_AT_MAX });
        if (open.length > 0) await this.#look(random.pick(open));
      } catch {
        // The store is away, or did not say what became of it: the letter is looked at again.
        this.#world.count('mendings of unknown outcome');
      }
    }
  }

  async #look({ id }: LetterSummary): Promise<void> {
    const { random } = this.#world;
    const letter = await this.#letters.get(TENANT, id);
    if (!letter) return;
    const { message } = SetAside.parse(JSON.parse(letter.body));
    if (random.chance(0.03)) return this.#act(id, { type: 'drop' });
    if (!letter.isEdited && random.chance(0.7)) await this.#mend(id, message);
    const replays = Array.from({ length: random.chance(0.3) ? 2 : 1 }, () =>
      this.#act(id, { type: 'replay' }),
    );
    await Promise.all(replays);
  }

  async #mend(id: string, message: z.infer<typeof SetAside>['message']): Promise<void> {
    if (message.type === 'throw')
      await this.#act(id, { type: 'edit', message: { ...message, type: 'mended' } });
    if (message.type === 'ring') await this.#act(id, { type: 'edit', message: { ...message, isBad: false } });
  }

  async #act(id: string, act: LetterAct): Promise<void> {
    const by = 'user:mender';
    const asked = { tenant: TENANT, id, act, by, reason: 'it was broken', version: null, keyed: null };
    const reply = await this.#letters.act(asked);
    this.#world.note(`${act.type} ${id} ${reply.ok}`);
    if (reply.ok) this.#world.count(`letters: ${act.type}`);
  }
}
