/** The page of the demo, with the panel that shows its databases and what happens around them. */
import path from 'node:path';
import { servePage } from '../page-server/serve-page.ts';
import { fireAlert } from './alert.ts';
import type { AlertOptions } from './alert.ts';
import type { Bell } from './bell.ts';
import type { Ci } from './ci.ts';
import { createWorld } from './demo-world.ts';
import type { Hosts } from './hosts/hosts.ts';
import type { OpenWorkspace } from './open-workspace.ts';
import { ROOT } from './options.ts';
import type { Urls } from './production.ts';
import type { QuestLog } from './quest-log.ts';
import { createTour } from './tour.ts';
import type { Around } from './world.ts';

export { startCi } from './ci.ts';
export { openQuestLog } from './quest-log.ts';

type Options = {
  open: OpenWorkspace;
  urls: Urls;
  quests: QuestLog;
  ci: Ci;
  alerts: AlertOptions;
  /** `isOwn`: the demo plays itself as soon as a window is open, not only when somebody starts it. */
  tour: { paceMs: number; isOwn: boolean };
  around: Bell;
  hosts: Hosts;
};

/** @returns how to close it. */
export const openPage = ({ open, urls, quests, ci, alerts, tour, around, hosts }: Options): (() => Promise<void>) => {
  const { workspace } = open;
  const world = createWorld({
    urls,
    hosts,
    quests,
    nameOf: (userId) => workspace.state.people.get(userId)?.realName ?? userId,
  });
  around.onRing(world.notify);
  const player = createTour({ workspace, world, ci, paceMs: tour.paceMs, onChange: world.notify });
  const happens: Around = {
    pipeline: ci.pipeline,
    runPipeline: ci.run,
    fireAlert: () => fireAlert(alerts),
    tour: () => (tour.isOwn || player.tour().state !== 'ready' ? player.tour() : null),
    startTour: player.start,
    stopTour: player.stop,
  };
  const page = servePage({
    workspace,
    world: { ...world, around: happens },
    title: 'Latchkey demo',
    warning: 'A pretend workspace on this machine. Not for production.',
    guide: path.join(ROOT, 'docs', 'getting-started.md'),
  });
  open.showPage(page);
  return async () => {
    player.stop();
    page.close();
    await world.close();
  };
};
