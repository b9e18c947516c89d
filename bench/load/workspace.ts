/** The local Slack, as far away and as strict as Slack itself, and people in it who request and approve as in an incident. */
import { setTimeout as delay } from 'node:timers/promises';
import { blocksOf } from '../../sandbox/src/slack/messages.ts';
import type { Call, Message } from '../../sandbox/src/slack/types.ts';
import { createWorkspace } from '../../sandbox/src/slack/workspace.ts';
import type { Workspace } from '../../sandbox/src/slack/workspace.ts';

const APPROVER = { id: 'U0RITA', name: 'rita', email: 'rita@acme.test' };
const CHANNEL_ID = 'C0ACCESS';
/** After the last request. */
const PATIENCE_MS = 120_000;

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
      { id: CHANNEL_ID, name: 'prod-access', members: ['bot', 'rita'] },
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

/** The id of the request, without the fingerprint of what is shown of it. */
const button = (message: Message): string | null =>
  /"action_id":"approve"[^{}]*?"value":"([^":]+)/.exec(JSON.stringify(blocksOf(message)))?.[1] ?? null;

const reasonOf = (index: number): string => `rush-${index}-`;

/** Clicks on each approval message the moment it stands: looking for them again and again would take the time of the Slack that this process is. */
const approveAll = async (
  { workspace, people }: RealSlack,
  asked: Map<string, number>,
  patienceMs: number,
): Promise<Asked[]> => {
  const rita = workspace.as('rita');
  const done = new Map<string, Asked>();
  const clicks: Promise<unknown>[] = [];
  const look = (message: Message): void => {
    if (message.channel !== CHANNEL_ID || done.has(message.ts)) return;
    const requestId = button(message);
    const reason = /rush-\d+-/.exec(JSON.stringify(blocksOf(message)))?.[0];
    if (requestId === null || reason === undefined) return;
    const cardAt = Number(message.ts) * 1_000;
    done.set(message.ts, { requestId, askedAt: asked.get(reason) ?? 0, cardAt, clickedAt: Date.now() });
    clicks.push(rita.click(message, 'approve'));
  };
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patienceMs);
    const stop = workspace.subscribe((change) => {
      if (change.type === 'message_posted' || change.type === 'message_changed') look(change.message);
      if (done.size < people.length) return;
      clearTimeout(timer);
      stop();
      resolve();
    });
  });
  await Promise.all(clicks);
  return [...done.values()];
};

/** `onHalf` is called when half of the time is over. */
export const rush = async (slack: RealSlack, seconds: number, onHalf: () => void): Promise<Rush> => {
  const { workspace, people } = slack;
  const firstCall = workspace.calls().length;
  const asked = new Map<string, number>();
  const everyMs = (seconds * 1_000) / people.length;
  const approving = approveAll(slack, asked, seconds * 1_000 + PATIENCE_MS);
  const half = setTimeout(onHalf, (seconds * 1_000) / 2);
  await Promise.all(
    people.map(async (id, index) => {
      await delay(index * everyMs);
      asked.set(reasonOf(index), Date.now());
      await workspace.as(id).command('/prod-access', `orders-db read 1h ${reasonOf(index)} stuck orders`, 'general');
    }),
  );
  const done = await approving;
  clearTimeout(half);
  return { asked: done, firstCall };
};
