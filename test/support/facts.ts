/** Facts of Slack that are never kept, and facts that are no longer there. */
import type { EventStreams } from '../../src/application/identity/fact-ports.ts';
import type { HeardFacts } from '../../src/slack/directory/heard.ts';
import type { World } from './world.ts';

export const forgetfulFacts: HeardFacts = {
  find: () => Promise.resolve(null),
  keep: () => Promise.resolve(),
  forget: () => Promise.resolve(),
  forgetAccount: () => Promise.resolve(),
  hear: () => undefined,
};

export const unheardStreams: EventStreams = { alive: () => Promise.resolve(), lost: () => Promise.resolve() };

/** The next look-up asks Slack. */
export const forgetFacts = async ({ sql }: Pick<World, 'sql'>): Promise<void> => {
  await sql('delete from slack_facts');
};
