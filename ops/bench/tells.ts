/** Tells from actor to actor: by themselves in memory, and durable. */

import { formatAddress } from '#protocols/address.ts';
import { decodeEnvelope, encodeEnvelope } from '#protocols/envelope.ts';
import { Activations } from '#runtime/activations.ts';
import { emptyCell } from '#runtime/cell.ts';
import { takeTurn } from '#runtime/turn.ts';
import { timed } from './baselines.ts';
import type { Bench, Sample } from './bench.ts';
import { askBenchActor } from './bench-client.ts';
import { BENCH_KIND, benchAddress, ringId } from './kinds.ts';
import type { Stage } from './stage.ts';

const ACTORS = 1_000;
const TOKENS = 2_000;
const LAUNCHERS = 50;
const SPREAD = 1_000;
const WITHIN_MS = 180_000;

export const LOCAL_TELL: Bench = {
  name: 'local-tell',
  what: 'One envelope decoded and one turn taken by one of 1,000 resident actors; nothing is read, stored or sent.',
  figures: { rate: { title: 'local turn', unit: '/s' } },
  async prepare(stage) {
    const activations = new Activations({ bytesMax: Number.POSITIVE_INFINITY, isDirty: () => false });
    const place = { generation: 0, lane: 'data', seq: 1, atMs: 1 } as const;
    const letters = Array.from({ length: ACTORS }, (_, index) => {
      const address = benchAddress(`local-${index}`);
      activations.activate(emptyCell(address, BENCH_KIND), 0, 0);
      const source = { kind: 'effect', from: formatAddress(address), partition: 0, n: 1 } as const;
      const envelope = {
        id: 'e.0.0.data.1',
        to: formatAddress(address),
        message: { type: 'touch' },
        source,
        root: 'r',
      };
      return { address, bytes: encodeEnvelope(envelope) };
    });
    const prepared = timed(stage, async (isOver) => {
      let count = 0;
      while (!isOver()) {
        const wanted = count + letters.length;
        for (const { address, bytes } of letters) {
          const decoded = decodeEnvelope(bytes);
          if (!decoded.ok) throw new Error(decoded.fault);
          const job = (cell: Parameters<typeof takeTurn>[0]) => {
            count++;
            return takeTurn(cell, decoded.envelope, place).cell;
          };
          activations.tell(address, job, 0);
        }
        while (count < wanted) await new Promise((resolve) => setImmediate(resolve));
      }
      return count;
    });
    return { ...prepared, stop: async () => activations.stop() };
  },
};

export const RING: Bench = {
  name: 'tell-ring',
  what:
    `${TOKENS.toLocaleString('en')} tokens go round ${ACTORS.toLocaleString('en')} actors, each turn sends one message on. ` +
    "Counted where the receiver's commit writes its counter: sent, stored, published, consumed, applied, committed.",
  figures: { rate: { title: 'durable tell, one a turn', unit: '/s' } },
  prepare: (stage) =>
    prepareTells(stage, async (tells) => {
      const hops = Math.max(1, Math.ceil(tells / TOKENS));
      await Promise.all(
        Array.from({ length: LAUNCHERS }, (_, index) => {
          const at = (index * ACTORS) / LAUNCHERS;
          const message = { type: 'launch', tokens: TOKENS / LAUNCHERS, at, size: ACTORS, hops };
          return askBenchActor(stage.client, ringId(at), message);
        }),
      );
      return hops * TOKENS;
    }),
};

export const SPREADING: Bench = {
  name: 'tell-spread',
  what: `Actors that send ${SPREAD.toLocaleString('en')} messages in one turn, over as many actors; counted in the same way.`,
  figures: { rate: { title: 'durable tell, 1,000 a turn', unit: '/s' } },
  prepare: (stage) =>
    prepareTells(stage, async (tells) => {
      const turns = Math.max(1, Math.ceil(tells / SPREAD));
      const message = { type: 'spread', prefix: 'spread-', from: 0, count: SPREAD };
      await Promise.all(
        Array.from({ length: turns }, (_, index) =>
          askBenchActor(stage.client, `spreader-${index % 32}`, message),
        ),
      );
      return turns * SPREAD;
    }),
};

/** `begin` starts about so many tells and returns how many exactly. The first, small rounds tell how many fit a run. */
async function prepareTells(stage: Stage, begin: (tells: number) => Promise<number>) {
  const node = await stage.startOnlyNode();
  const round = async (tells: number): Promise<number> => {
    const before = await stage.effectsApplied();
    const beganMs = performance.now();
    const wanted = before + (await begin(tells));
    await stage.until(
      'all tells are applied',
      WITHIN_MS,
      async () => (await stage.effectsApplied()) >= wanted,
    );
    return (wanted - before) / ((performance.now() - beganMs) / 1_000);
  };
  let rate = 0;
  return {
    async warmUp() {
      await round(10_000);
      rate = await round(20_000);
    },
    run: async (): Promise<Sample> => ({ rate: await round(rate * stage.seconds) }),
    stop: async () => void (await node.stop()),
  };
}
