/** Reads lists of targets again when they are due: of several processes one reads each, and all of them take what it stored. */
import { createHash } from 'node:crypto';
import { rowsFrom, rowsText } from '../../config/found-text.ts';
import type { FoundRow } from '../../config/found-text.ts';
import type { ListState } from '../../application/policy/list-ports.ts';
import type { NoteListInput } from '../../application/policy/note-list.ts';
import type { Variables } from '../../config/variable.ts';
import type { TargetList } from '../../domain/policy/types.ts';
import { startLoop } from '../../lib/loop.ts';
import type { Loop } from '../../lib/loop.ts';
import { pluralize } from '../../lib/pluralize.ts';
import type { Core } from '../parts.ts';
import type { AppOptions } from '../options.ts';
import { readList } from './read-list.ts';

const POLL_MS = 2_000;
/** A file that was refused because of a list is tried again. */
const REFUSED_AGAIN_MS = 10_000;
/** Of fewer, people remove most at once. */
const FEW = 10;

/** A list that is suddenly empty, or lost most of what it had, is more likely broken than true. */
const lossProblem = (
  before: readonly FoundRow[],
  after: readonly FoundRow[],
  { shrink }: TargetList,
): string | null => {
  const isEmptied = after.length === 0 && before.length > 0;
  const fewer = before.length - after.length;
  if (shrink >= 1 || (!isEmptied && (fewer <= FEW || fewer <= shrink * before.length))) return null;
  const share = Math.round(shrink * 100);
  return `has ${pluralize(after.length, 'entry', 'entries')} after ${before.length}, and so lost more than ${share}% at once: that is taken for a fault, and the last list stays. If it is right, write shrink: 100% for it`;
};

type Reading = Pick<Core, 'useCases' | 'store'> & {
  list: string;
  plan: TargetList;
  signal: AbortSignal;
  env: Variables;
};

const outcomeOf = async ({ store, list, plan, signal, env }: Reading): Promise<NoteListInput['outcome']> => {
  const read = await readList(plan, { signal, env });
  if ('problem' in read) return read;
  const known = await store.read.listRows({ list, definition: plan.definition });
  const problem = lossProblem(known === null ? [] : rowsFrom(known), read.rows, plan);
  if (problem !== null) return { problem };
  const rows = rowsText(read.rows);
  return { rows, sha256: createHash('sha256').update(rows).digest('hex') };
};

const refresh = async (reading: Reading): Promise<void> => {
  const { useCases, list, plan } = reading;
  const { definition, everyMs } = plan;
  if (!(await useCases.claimList({ list, definition, everyMs }))) return;
  await useCases.noteList({ list, definition, outcome: await outcomeOf(reading) });
};

const isOther = (lists: Readonly<Record<string, TargetList>>, states: readonly ListState[]): boolean =>
  states.some(({ list, definition, sha256 }) => {
    const plan = lists[list];
    return plan?.definition === definition && sha256 !== null && sha256 !== plan.sha256;
  });

/** In each process, since each has a policy; a process of the web alone reads none. */
export const startLists = ({ only, log, env }: Pick<AppOptions, 'only' | 'log' | 'env'>, core: Core): Loop => {
  const { store, useCases, policies } = core;
  const stopping = new AbortController();
  let refusedAt = 0;
  const run = async (): Promise<void> => {
    const { lists } = policies.current();
    if (policies.isRejected() && performance.now() - refusedAt > REFUSED_AGAIN_MS) {
      refusedAt = performance.now();
      await policies.reload();
    }
    const plans = Object.entries(lists);
    if (plans.length === 0) return;
    if (only !== 'web')
      await Promise.all(
        plans.map(([list, plan]) => refresh({ store, useCases, list, plan, signal: stopping.signal, env })),
      );
    if (isOther(policies.current().lists, await store.read.lists())) await policies.reload();
  };
  const loop = startLoop({
    everyMs: POLL_MS,
    run,
    onError: (error) => log.error({ err: error }, 'the lists of targets could not be read; the next pass tries again'),
  });
  return {
    poke: loop.poke,
    stop: async () => {
      stopping.abort();
      await loop.stop();
    },
  };
};
