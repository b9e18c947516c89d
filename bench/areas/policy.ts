/** One decision by a large policy, against one read of an indexed row; and how it grows with the rules. */
import { startChild } from '../child.ts';
import { ms, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { createStoreDatabase } from '../setup/servers.ts';
import type { PolicyFigures, PolicyInput } from './policy-program.ts';
import type { Bench, Measured } from './world.ts';

const DECISIONS = 20_000;

export const measurePolicy = async ({ servers, sizes, extent }: Bench): Promise<Measured> => {
  const storeUrl = await createStoreDatabase(servers);
  const figures: PolicyFigures[] = [];
  let readMs = Number.NaN;
  for (const rules of sizes.rules) {
    const program = startChild('policy-program');
    readMs = await program.call<number>('measureRead', { storeUrl, count: sizes.stages * 5 });
    const decisions = extent === 'smoke' ? 200 : DECISIONS;
    figures.push(
      await program.call<PolicyFigures>('measurePolicy', {
        rules,
        targets: sizes.targets,
        decisions,
      } satisfies PolicyInput),
    );
    await program.stop();
  }
  const targets = `${sizes.targets.toLocaleString('en-US')} targets`;
  const limit = `${ms(readMs)} one indexed read`;
  const [least] = figures;
  const rows = figures.flatMap((made): Row[] => {
    const rules = `${made.rules.toLocaleString('en-US')} rules`;
    return [
      rowOf('policy', {
        what: `one decision, ${rules}, ${targets}`,
        unit: 'ratio',
        value: made.warmMs / readMs,
        goal: made.rules === 1_000 ? { is: 'at most', value: 1 } : null,
        ours: `${ms(made.warmMs)}; the first for a role ${ms(made.firstMs)}`,
        limit,
      }),
      rowOf('policy', {
        what: `load, ${rules}, ${targets}`,
        unit: 's',
        value: made.loadMs / 1_000,
        goal: null,
        ours: `${shown(made.loadMs / 1_000)} s, ${shown(made.memoryMb)} MB`,
        limit: '',
      }),
    ];
  });
  const most = figures.at(-1);
  if (most)
    rows.push(
      rowOf('policy', {
        what: `the form with a target chosen, ${targets}`,
        unit: 'ms',
        value: most.formMs,
        goal: null,
        ours: ms(most.formMs),
        limit: `each search in it ${ms(most.searchMs)}`,
      }),
    );
  if (least && most && least !== most)
    rows.push(
      rowOf('policy', {
        what: `decision at ${most.rules.toLocaleString('en-US')} rules / at ${least.rules}`,
        unit: 'ratio',
        value: most.warmMs / least.warmMs,
        goal: null,
        ours: ms(most.warmMs),
        limit: ms(least.warmMs),
      }),
    );
  return { rows, details: { readMs, figures } };
};
