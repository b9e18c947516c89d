/** Facts of Slack that are never kept, and facts that are no longer there. */
import type { EventStreams } from '../../src/application/identity/fact-ports.ts';
import type { HeardFacts } from '../../src/slack/directory/heard.ts';
import type { World } from './world.ts';

export const forgetfulFacts: HeardFacts = {
  find: (_teamId, wanted) => Promise.resolve(wanted.map(() => ({ found: null, asOf: '1', notBefore: '0' }))),
  claim: () => Promise.resolve(true),
  renew: () => Promise.resolve(),
  release: () => Promise.resolve(),
  keep: () => Promise.resolve(),
  forget: () => Promise.resolve(),
  forgetAccount: () => Promise.resolve(),
  noteGroups: () => Promise.resolve(),
  isNextOf: () => Promise.resolve(true),
  distrust: () => Promise.resolve(),
  hear: () => undefined,
  missed: () => undefined,
  after: () => undefined,
};

export const unheardStreams: EventStreams = { alive: () => Promise.resolve(), lost: () => Promise.resolve() };

/** The next look-up asks Slack. */
export const forgetFacts = async ({ sql }: Pick<World, 'sql'>): Promise<void> => {
  await sql('delete from slack_facts');
};
