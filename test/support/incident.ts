/** The steps that journeys of incidents have in common: the policy, the channel's one message, and what people do with it. */
import type { Message } from '../../sandbox/src/slack/types.ts';
import { seen } from './world.ts';
import type { World } from './world.ts';

export const ON_CALL = '  on-call: { slack_usergroup: on-call }\n';

/** `warning` as the policy writes a duration. */
export const incidentRules = (more = '', warning = '1m'): string => `
rules:
  - name: On-call reads at once in an open incident
    match: { roles: ["*/read"] }
    when: '"on-call" in requester.groups && incident.open'
    approve: true
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 10 }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
incidents: { channels: ["inc-*"], warning: ${warning}${more} }
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
admins: [security]
`;

type Wait = { who?: string; timeoutMs?: number };

export type Incidents = {
  /** Every message of the app in the channel that is an incident's prompt, oldest first. */
  prompts(channel: string, who?: string): Message[];
  /** The newest prompt, once it shows `text`. */
  prompt(channel: string, text?: string, wait?: Wait): Promise<Message>;
  /** The newest message of the app in the channel that shows `text`. */
  said(channel: string, text: string, wait?: Wait): Promise<Message>;
  /** What the app answered to this person alone, in the channel or directly. */
  privately(who: string, channel: string, text: string): Promise<Message>;
  dm(who: string, text: string): Promise<Message>;
};

/** What closes an incident begins like this, too, and says more. */
const PROMPT = /^Incident .*(?:: request access here\.|is closed\.$)/;

export const incidentsOf = ({ slack }: World): Incidents => {
  const own = (channel: string, who: string): Message[] =>
    slack
      .as(who)
      .messages(channel)
      .filter(({ bot_id: bot, ephemeralFor }) => bot !== undefined && ephemeralFor === undefined);
  const prompts = (channel: string, who = 'rita'): Message[] =>
    own(channel, who).filter((message) => message.thread_ts === undefined && PROMPT.test(message.text));
  const find = (messages: () => Message[], text: string, timeoutMs = 60_000): Promise<Message> =>
    slack.waitFor(() => messages().findLast((message) => seen(message).includes(text)), {
      what: `a message with "${text}"`,
      timeoutMs,
    });
  return {
    prompts,
    prompt: (channel, text = '', { who = 'rita', timeoutMs } = {}) =>
      find(() => prompts(channel, who), text, timeoutMs),
    said: (channel, text, { who = 'rita', timeoutMs } = {}) => find(() => own(channel, who), text, timeoutMs),
    privately: (who, channel, text) =>
      find(
        () =>
          slack
            .as(who)
            .messages(channel)
            .filter(({ ephemeralFor }) => ephemeralFor !== undefined),
        text,
      ),
    dm: (who, text) => find(() => slack.as(who).dmsWithApp(), text),
  };
};
