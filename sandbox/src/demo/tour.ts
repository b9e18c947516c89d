/** The demo that plays itself: who does what in which scene, at a pace that one can follow, and the words beside it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Workspace } from '../slack/workspace.ts';
import type { Ci } from './ci.ts';
import { SCENES } from './tour-scenes.ts';
import type { Scene } from './tour-scenes.ts';
import type { Tour, World } from './world.ts';

export type TourOptions = {
  workspace: Workspace;
  world: Pick<World, 'state' | 'connect' | 'query' | 'disconnect' | 'endSoon'>;
  ci: Ci;
  /** How long a caption stands before its scene begins, and again before the next one. */
  paceMs: number;
  onChange(): void;
};

export type TourPlayer = { tour(): Tour; start(): void; stop(): void };

const READY: Tour = {
  state: 'ready',
  caption: '',
  at: 0,
  of: SCENES.length,
  as: 'ana',
  where: 'prod-access',
  lines: [],
};

const LINES_MAX = 8;

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

type Play = { signal: AbortSignal; startedAt: Date };
type Screen = { show(change: Partial<Tour>): void; now(): Tour };

const playScene = async (
  { caption, as, where, run }: Scene,
  { paceMs, workspace, world, ci }: TourOptions,
  { screen, play, at }: { screen: Screen; play: Play; at: number },
): Promise<void> => {
  const { signal, startedAt } = play;
  const { show } = screen;
  show({ state: 'playing', caption, as, where, at, lines: [] });
  await delay(paceMs, undefined, { signal });
  await run({
    startedAt,
    workspace,
    world,
    ci,
    say: (line) => show({ lines: [...screen.now().lines, line].slice(-LINES_MAX) }),
    look: show,
    pause: () => delay(paceMs / 3, undefined, { signal }),
  });
  await delay(paceMs, undefined, { signal });
};

export const createTour = (options: TourOptions): TourPlayer => {
  let tour = READY;
  let playing: AbortController | null = null;
  const show = (change: Partial<Tour>): void => {
    tour = { ...tour, ...change };
    options.onChange();
  };
  const screen = { show, now: () => tour };
  const playAll = async (play: Play): Promise<void> => {
    for (const [index, scene] of SCENES.entries()) await playScene(scene, options, { screen, play, at: index + 1 });
  };
  return {
    tour: () => tour,
    start: () => {
      if (tour.state === 'playing') return;
      const { signal } = (playing = new AbortController());
      playAll({ signal, startedAt: new Date() }).then(
        () => show({ state: 'over', lines: [] }),
        (error: unknown) =>
          signal.aborted
            ? show({ state: 'left', lines: [] })
            : show({ state: 'failed', caption: `The tour could not go on: ${said(error)}`, lines: [] }),
      );
    },
    stop: () => {
      playing?.abort();
      if (tour.state !== 'playing') show({ state: 'left' });
    },
  };
};
