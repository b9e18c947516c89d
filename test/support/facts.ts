/** Facts of Slack that are never kept: every look-up asks Slack. */
import type { EventStreams } from '../../src/application/identity/fact-ports.ts';
import type { HeardFacts } from '../../src/slack/directory/heard.ts';

export const forgetfulFacts: HeardFacts = {
  find: () => Promise.resolve(null),
  keep: () => Promise.resolve(),
  forget: () => Promise.resolve(),
  forgetAccount: () => Promise.resolve(),
  hear: () => undefined,
};

export const unheardStreams: EventStreams = { alive: () => Promise.resolve(), lost: () => Promise.resolve() };
