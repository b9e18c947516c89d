/** What people type, click and fill in: read and dispatched, with nobody's rights. */
import fc from 'fast-check';
import { describe } from 'vitest';
import { isDomainError } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { actions } from '../../src/slack/door/actions/registry.ts';
import { runCommand } from '../../src/slack/door/commands/registry.ts';
import { deliveryKey } from '../../src/slack/door/delivered-once.ts';
import { parseRequestLine } from '../../src/slack/door/commands/parse-request.ts';
import { submitPayload, shownView } from '../../src/slack/door/payloads.ts';
import { searches, views } from '../../src/slack/door/views/registry.ts';
import { explainError } from '../../src/slack/errors.ts';
import { claim, isCalm, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { createFakeSlack, policy } from './fake-slack.ts';
import type { Noted } from './fake-slack.ts';
import { clickedAs, COMMANDS, formPayloads, typedAs, VALUES } from './seeds.ts';
import { jsonLike, textsLike } from './texts.ts';

const log = createLog('silent');
const ME = 'U0ADA';
const triggerId = fc.constantFrom('1.2', '');
const typedTexts = textsLike(COMMANDS);

/** Whoever acts is who Slack says, whatever the input names. */
const areInMyName = (noted: readonly Noted[]): void => {
  for (const { input } of noted) if ('userId' in (input ?? {})) claim(input.userId).toBe(ME);
};

/** Two clicks of which Slack names neither are two. */
const areApart = (noted: readonly Noted[]): void => {
  for (const { input } of noted) claim(input?.idempotencyKey ?? '').not.toMatch(/^(?:trigger|view):$/);
};

/** The door outside of the handler turns what is thrown into a sentence. */
const told = async (work: () => Promise<void>, said: unknown[]): Promise<void> => {
  try {
    await work();
  } catch (error) {
    if (!isDomainError(error)) throw error;
    said.push({ text: explainError(error, log) });
  }
};

const DECIDES = new Set(['vote', 'approveWithChanges', 'closeReview', 'breakGlass']);

describe('what people type', () => {
  fuzz({
    name: 'request line',
    share: 60,
    inputs: typedTexts,
    run: (text) => {
      const read = parseRequestLine(policy, typedAs(text), { tickets: ['^[A-Z]+-\\d+$'] });
      if (!read.isRead) return;
      const { target, role, durationMs } = read.line;
      claim(Object.hasOwn(policy.targets, target) && Object.hasOwn(policy.targets[target]?.roles ?? {}, role)).toBe(
        true,
      );
      if (durationMs !== null) claim(durationMs).toBeGreaterThan(0);
    },
  });
  fuzz({
    name: 'slash command',
    share: 60,
    inputs: fc.record({
      text: typedTexts,
      pick: fc.nat(1_000),
      channelId: fc.constantFrom('C1', 'D1', 'G1', ''),
      triggerId: fc.constantFrom('1.2', '', null),
    }),
    run: async ({ text, pick, channelId, triggerId }) => {
      const { slack, noted, said, reply } = createFakeSlack(pick, text);
      const key = triggerId === null ? deliveryKey('message', '1.2') : deliveryKey('trigger', triggerId);
      const call = { slack, userId: ME, channelId, triggerId, deliveryKey: key, text: typedAs(text), reply };
      await told(() => runCommand(call), said);
      claim(said.length).toBeGreaterThan(0);
      for (const one of said) isCalm(one);
      saysNothingOfTheInside(said, text);
      areInMyName(noted);
      areApart(noted);
      claim(noted.filter(({ verb }) => DECIDES.has(verb))).toEqual([]);
    },
  });
});

const value = textsLike(VALUES);

describe('what people click and fill in', () => {
  fuzz({
    name: 'button',
    share: 45,
    inputs: fc.record({ at: fc.nat(1_000), value, pick: fc.nat(1_000), isInView: fc.boolean(), triggerId }),
    run: async ({ at, value, pick, isInView, triggerId }) => {
      const action = actions[at % actions.length];
      const { slack, noted, said, reply } = createFakeSlack(pick, value);
      const view = isInView ? { id: 'V1', hash: '', privateMetadata: value, values: {}, type: 'modal' as const } : null;
      const message = isInView ? null : { channelId: 'C1', ts: '1.2' };
      await told(
        async () => action?.run({ slack, userId: ME, triggerId, value: clickedAs(value), message, view, reply }),
        said,
      );
      for (const one of said) isCalm(one);
      saysNothingOfTheInside(said, value);
      areInMyName(noted);
      areApart(noted);
    },
  });
  fuzz({
    name: 'form',
    share: 45,
    inputs: fc.record({ at: fc.nat(1_000), payload: jsonLike(formPayloads(ME)), pick: fc.nat(1_000) }),
    run: async ({ at, payload, pick }) => {
      const parsed = submitPayload.safeParse(payload);
      if (!parsed.success) return;
      const { slack, noted, said, reply } = createFakeSlack(pick, JSON.stringify(payload));
      const handler = views[at % views.length];
      const ack = async (answer?: unknown) => void said.push(answer ?? null);
      await told(async () => handler?.run({ slack, userId: ME, view: shownView(parsed.data.view), ack, reply }), said);
      claim(said.length).toBeGreaterThan(0);
      for (const one of said) isCalm(one);
      saysNothingOfTheInside(said, JSON.stringify(payload));
      areInMyName(noted);
      areApart(noted);
    },
  });
  fuzz({
    name: 'search',
    share: 7,
    inputs: fc.record({
      query: typedTexts,
      blockId: textsLike({ seeds: ['target', 'role:orders-db'] }),
      at: fc.nat(1),
    }),
    run: ({ query, blockId, at }) => {
      const { slack } = createFakeSlack(0, '');
      claim(searches[at]?.find({ slack, query, blockId }).length).toBeLessThanOrEqual(100);
    },
  });
});
