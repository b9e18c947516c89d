/** The page of the demo, with the panel that shows its databases. */
import { servePage } from '../page-server/serve-page.ts';
import { createWorld } from './demo-world.ts';
import type { OpenWorkspace } from './open-workspace.ts';
import type { Urls } from './production.ts';
import { openQuestLog } from './quest-log.ts';

type Options = { open: OpenWorkspace; urls: Urls; questFile: string; onBroken(movedTo: string): void };

/** @returns how to close it. */
export const openPage = ({ open, urls, questFile, onBroken }: Options): (() => Promise<void>) => {
  const { workspace } = open;
  const world = createWorld({
    urls,
    quests: openQuestLog(questFile, onBroken),
    nameOf: (userId) => workspace.state.people.get(userId)?.realName ?? userId,
  });
  const page = servePage({
    workspace,
    world,
    title: 'Latchkey demo',
    warning: 'A pretend workspace on this machine. Not for production.',
  });
  open.showPage(page);
  return async () => {
    page.close();
    await world.close();
  };
};
