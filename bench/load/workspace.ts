/** The local Slack, as far away and as strict as Slack itself, and people in it who request and approve as in an incident. */
import { setTimeout as delay } from 'node:timers/promises';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
import type { Call, Message } from '../../sandbox/src/slack/types.ts';
import { createWorkspace } from '../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../sandbox/src/slack/workspace.ts';

const APPROVER = { id: 'U0RITA', name: 'rita', email: 'rita@acme.test' };
const SETTLED_LOOK_MS = 20;

export type RealSlack = { workspace: Workspace; apiUrl: string; people: string[]; close(): Promise<void> };

export const startRealSlack = async (count: number): Promise<RealSlack> => {
  const users = Array.from({ length: count }, (_, index) => ({
    id: `U0P${index}`,
    name: `p${index}`,
    email: `p${index}@acme.test`,
  }));
  const names = users.map(({ name }) => name);
  const workspace = createWorkspace({
    users: [APPROVER, ...users],
    channels: [
      { id: 'C0GENERAL', name: 'general', members: ['rita', ...names] },
      { id: 'C0ACCESS', name: 'prod-access', members: ['bot', 'rita'] },
    ],
    usergroups: [{ id: 'S0SRE', handle: 'sre', members: ['rita'] }],
  });
  const { apiUrl, close } = await workspace.listen();
  return { workspace, apiUrl, people: users.map(({ id }) => id), close };
};

/** What became of one request, by this machine's clock. */
export type Asked = { requestId: string; askedAt: number; cardAt: number; clickedAt: number };

export type Rush = { asked: Asked[]; firstCall: number };

/** What Latchkey called since then, by method, and what of it Slack refused for a limit. */
export const callsSince = ({ workspace }: RealSlack, { firstCall }: Rush) => {
  const calls = workspace.calls().slice(firstCall);
  return { calls: countOf(calls), refused: countOf(calls.filter(({ status }) => status === 429)) };
};

const countOf = (calls: readonly Call[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { method } of calls) counts[method] = (counts[method] ?? 0) + 1;
  return counts;
};

const button = (message: Message): string | null =>
  /"action_id":"approve"[^{}]*?"value":"([^"]+)"/.exec(JSON.stringify(blocksOf(message)))?.[1] ?? null;

const reasonOf = (index: number): string => `rush-${index}-`;

/** Clicks on each approval message as soon as it stands. */
const approveAll = async (
  { workspace, people }: RealSlack,
  asked: Map<string, number>,
  untilMs: number,
): Promise<Asked[]> => {
  const rita = workspace.as('rita');
  const done = new Map<string, Asked>();
  const clicks: Promise<unknown>[] = [];
  while (done.size < people.length) {
    if (performance.now() > untilMs) break;
    for (const message of rita.messages('prod-access')) {
      if (done.has(message.ts)) continue;
      const requestId = button(message);
      const reason = /rush-\d+-/.exec(JSON.stringify(blocksOf(message)))?.[0];
      if (requestId === null || reason === undefined) continue;
      const cardAt = Number(message.ts) * 1_000;
      done.set(message.ts, { requestId, askedAt: asked.get(reason) ?? 0, cardAt, clickedAt: Date.now() });
      clicks.push(rita.click(message, 'approve'));
    }
    await delay(SETTLED_LOOK_MS);
  }
  await Promise.all(clicks);
  return [...done.values()];
};

/** `onHalf` is called when half of the time is over. */
export const rush = async (slack: RealSlack, seconds: number, onHalf: () => void): Promise<Rush> => {
  const { workspace, people } = slack;
  const firstCall = workspace.calls().length;
  const asked = new Map<string, number>();
  const everyMs = (seconds * 1_000) / people.length;
  const approving = approveAll(slack, asked, performance.now() + seconds * 1_000 + 120_000);
  const half = setTimeout(onHalf, (seconds * 1_000) / 2);
  await Promise.all(
    people.map(async (id, index) => {
      await delay(index * everyMs);
      asked.set(reasonOf(index), Date.now());
      await workspace.as(id).command('/prod-access', `orders-db read 15m ${reasonOf(index)} stuck orders`, 'general');
    }),
  );
  const done = await approving;
  clearTimeout(half);
  return { asked: done, firstCall };
};
