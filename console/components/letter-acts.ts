/** What a person does to dead letters: each asks first, says what follows, and takes a reason that is kept with them. */
import { newKey } from '../data/api.ts';
import { causeWords } from '../data/letter-words.ts';
import { type BulkResult, type Letter, type LetterGroup, lettersApi } from '../data/letters-api.ts';
import { confirm } from './confirm.tsx';

const nameOf = (one: { readonly actor_type: string | null; readonly message_type: string | null }) =>
  `${one.message_type ?? 'message'} to ${one.actor_type ?? 'nobody known'}`;

export function askReplay(letter: Letter, done: (letter: Letter) => void): void {
  const key = newKey();
  const { id, version } = letter;
  confirm({
    needs: 'letters.replay',
    title: 'Replay dead letter',
    object: `${nameOf(letter)} · ${letter.address ?? 'no address'}`,
    consequence: `${letter.is_edited ? 'What you edited' : 'What came'} is sent once more and applied once. ${letter.replays_left} replays are left.`,
    verb: 'replay it',
    reason: 'required',
    act: async (reason) => done(await lettersApi.replay({ id, version, key, reason })),
  });
}

export function askDrop(letter: Letter, done: (letter: Letter) => void): void {
  const key = newKey();
  const { id, version } = letter;
  confirm({
    needs: 'letters.change',
    title: 'Drop dead letter',
    object: `${nameOf(letter)} · ${letter.address ?? 'no address'}`,
    consequence: 'It is given up for good: it is never sent again. It is kept for thirty days.',
    verb: 'drop it',
    reason: 'required',
    act: async (reason) => done(await lettersApi.drop({ id, version, key, reason })),
  });
}

/** The edit is kept first; it is sent when the letter is replayed. */
export function askEdit(
  letter: Letter,
  draft: { readonly message: { type: string }; readonly to?: string; readonly lines: number },
  done: (letter: Letter) => void,
): void {
  const key = newKey();
  const { id, version } = letter;
  const { lines, ...sent } = draft;
  confirm({
    needs: 'letters.change',
    title: 'Edit dead letter',
    object: `${nameOf(letter)}: ${lines} lines differ`,
    consequence: 'What came is kept beside it. Nothing is sent until it is replayed.',
    verb: 'keep the edit',
    reason: 'required',
    act: async (reason) => done(await lettersApi.edit({ id, version, key, reason, ...sent })),
  });
}

/** Counts first, then asks: those that were counted are acted on, and no other. Rejects where they cannot be read. */
export async function askMany(
  group: LetterGroup,
  act: 'replay' | 'drop',
  done: (result: BulkResult) => void,
): Promise<void> {
  const key = newKey();
  const { ids, isWhole } = await lettersApi.openIds(group.group);
  if (ids.length === 0) return;
  const count = isWhole ? `${ids.length} are open.` : `The newest ${ids.length} of more that are open.`;
  const follows =
    act === 'replay'
      ? 'Each is sent once more, one after the other; what fails again is open again.'
      : 'Each is given up for good.';
  confirm({
    needs: act === 'replay' ? 'letters.replay' : 'letters.change',
    title: act === 'replay' ? 'Replay all of a cause' : 'Drop all of a cause',
    object: `${nameOf(group)}: ${causeWords(group.summary)}`,
    consequence: `${count} ${follows}`,
    verb: `${act} ${ids.length}`,
    reason: 'required',
    ...(act === 'drop' ? { typed: group.group.slice(0, 6) } : {}),
    act: async (reason) => {
      const result = await lettersApi.many({ act, ids, key, reason });
      done({ ...result, is_whole: isWhole });
    },
  });
}
