/** The Slack side of Latchkey without Slack and without rights: every verb is noted and refuses with some refusal of ours. */
import { DomainError, ERROR_CODES } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Reply, Slack } from '../../src/slack/door/context.ts';
import { createTurns } from '../../src/slack/turns.ts';
import { POLICY, policyOf } from '../slack/rig.ts';

export const policy = policyOf(POLICY);

export type Noted = { verb: string; input: { userId?: unknown; idempotencyKey?: string | null } };

type FakeSlack = { slack: Slack; noted: Noted[]; said: unknown[]; reply(message: Reply): Promise<void> };

/** `hostile` stands in the facts of every refusal, as names and texts of other people do. */
export const createFakeSlack = (pick: number, hostile: string): FakeSlack => {
  const noted: Noted[] = [];
  const said: unknown[] = [];
  const code = ERROR_CODES[pick % ERROR_CODES.length] ?? 'conflict';
  const facts = Object.fromEntries(
    ['by', 'label', 'rule', 'message', 'name', 'target', 'role', 'state', 'text', 'word', 'what', 'id'].map((key) => [
      key,
      hostile,
    ]),
  );
  const useCases = new Proxy({} as Slack['useCases'], {
    get: (_, verb) => (input: Noted['input']) => {
      noted.push({ verb: String(verb), input });
      return Promise.reject(new DomainError(code, facts));
    },
  });
  const show = (shown: unknown) => {
    said.push(shown);
    return Promise.resolve({ ok: true, view: { id: 'V1', hash: 'h' } });
  };
  const client = {
    views: { open: show, update: show, publish: show, push: show },
    chat: { postMessage: show, postEphemeral: show },
  };
  const slack = {
    client,
    useCases,
    policy: () => policy,
    store: { read: { view: async () => null, alertView: async () => null, incident: async () => null } },
    channels: { heard: async () => undefined, read: async () => undefined },
    nameOf: async () => hostile,
    turns: createTurns(),
    once: { take: async () => true },
    log: createLog('silent'),
  } as unknown as Slack;
  return { slack, noted, said, reply: async (message) => void said.push(message) };
};
