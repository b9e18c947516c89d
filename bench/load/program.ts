/** The load generator: Slack and everybody in it, in a process beside what is measured. */
import { setTimeout as delay } from 'node:timers/promises';
import { answerCalls } from '../child.ts';
import { byCallers, forCount, forMs } from '../measure.ts';
import { walk } from './flow.ts';
import type { Walked } from './flow.ts';
import { watchGrants } from './grants.ts';
import type { Grants } from './grants.ts';
import { archiveRooms, closeRoom, measureAlerts, measurePrompts } from './incident.ts';
import type { AlertsInput, CloseInput, PromptsInput } from './incident.ts';
import { beginCrowd, endCrowd, measureDecisions, startTokens } from './jobs.ts';
import type { CrowdInput, DecisionsInput } from './jobs.ts';
import { addJob, completeJob, startApp } from './runner.ts';
import { postCommand } from './signed.ts';
import { startSlack } from './slack.ts';
import type { Slack } from './slack.ts';
import { measureStages, measureTransactions } from './stages.ts';

export type AcksInput = {
  url: string;
  callers: number;
  durationMs: number;
  text: string;
  /** The next command of a person comes when the last was answered; where nothing answers, at once. */
  isAnswered: boolean;
  /** Between the answer and the next command of a person. */
  pauseMs: number;
};
export type Acks = { times: number[]; perSecond: number };

export type FlowsInput = { url: string; callers: number; count: number; group: string; isShown: boolean };
export type Flows = { walked: Walked[]; perSecond: number };

let slack: Slack | null = null;
let grants: Grants | null = null;

const theSlack = (): Slack => {
  if (!slack) throw new Error('Slack was not started.');
  return slack;
};

const personOf = (caller: number): string => `U0ASK${String(caller).padStart(3, '0')}`;

const acks = async ({ url, callers, durationMs, text, isAnswered, pauseMs }: AcksInput): Promise<Acks> => {
  const times: number[] = [];
  const startedAt = performance.now();
  await byCallers(callers, forMs(durationMs), async (caller) => {
    const response = theSlack().nextResponse();
    times.push(await postCommand({ url, userId: personOf(caller), text, responseUrl: response.url }));
    if (isAnswered) await response.answered();
    if (pauseMs > 0) await delay(pauseMs);
  });
  return { times, perSecond: (times.length / (performance.now() - startedAt)) * 1000 };
};

const flows = async ({ url, callers, count, group, isShown }: FlowsInput): Promise<Flows> => {
  if (!grants) throw new Error('Nobody watches the grants.');
  const route = { url, slack: theSlack(), grants, group, isShown };
  const walked: Walked[] = [];
  const startedAt = performance.now();
  await byCallers(callers, forCount(count), async (caller) => {
    walked.push(await walk(route, personOf(caller)));
  });
  return { walked, perSecond: (walked.length / (performance.now() - startedAt)) * 1000 };
};

answerCalls({
  startSlack: async () => {
    slack ??= await startSlack();
    return slack.apiUrl;
  },
  watch: async ({ storeUrl }: { storeUrl: string }) => {
    await grants?.close();
    grants = await watchGrants(storeUrl);
  },
  unwatch: async () => {
    await grants?.close();
    grants = null;
  },
  slackCalls: () => Promise.resolve(Object.fromEntries(theSlack().calls)),
  acks,
  flows,
  stages: measureStages,
  transactions: measureTransactions,
  prompts: (input: PromptsInput) => measurePrompts(theSlack(), input),
  alerts: (input: AlertsInput) => measureAlerts(theSlack(), input),
  archive: archiveRooms,
  close: (input: CloseInput) => closeRoom(theSlack(), input),
  startTokens,
  decisions: (input: DecisionsInput) => measureDecisions(theSlack(), input),
  beginCrowd: (input: CrowdInput) => beginCrowd(theSlack(), input),
  endCrowd,
  startGithub: startApp,
  addJob,
  completeJob,
  posts: () => Promise.resolve(Object.fromEntries(theSlack().posts)),
});
