/** Requests as Slack sends them: signed, each of them distinct, over connections that are kept. */
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { SIGNING_SECRET } from '../setup/app.ts';

export const TEAM_ID = 'T0BENCH';
const agent = new Agent({ keepAlive: true, maxSockets: 128 });

let count = 0;
/** Different in every request of every process. */
const nextTrigger = (): string => {
  count += 1;
  return `${process.pid}.${Date.now()}.${count}`;
};

type Body = { url: string; body: string; headers: Record<string, string>; status: number };

/** Resolves with the milliseconds until the answer was read. */
export const postBody = ({ url, body, headers, status }: Body): Promise<number> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const length = { 'content-length': Buffer.byteLength(body) };
    const sent = request(url, { method: 'POST', agent, headers: { ...headers, ...length } }, (answer) => {
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => {
        if (answer.statusCode === status) resolve(performance.now() - startedAt);
        else reject(new Error(`A signed request was answered with ${answer.statusCode}.`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });

/** Slack: docs.slack.dev/authentication/verifying-requests-from-slack */
const post = (url: string, body: string, type = 'application/x-www-form-urlencoded'): Promise<number> => {
  const stamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SIGNING_SECRET).update(`v0:${stamp}:${body}`).digest('hex');
  const headers = {
    'content-type': type,
    'x-slack-request-timestamp': stamp,
    'x-slack-signature': `v0=${signature}`,
  };
  return postBody({ url: `${url}/slack/events`, body, headers, status: 200 });
};

/** Slack: docs.slack.dev/apis/events-api, "Callback field overview" */
export const postEvent = (url: string, event: Record<string, unknown>): Promise<number> => {
  const envelope = {
    token: 'unused',
    team_id: TEAM_ID,
    api_app_id: 'A0BENCH',
    event,
    type: 'event_callback',
    event_id: `Ev${nextTrigger().replaceAll('.', '')}`,
    event_time: Math.floor(Date.now() / 1000),
    authorizations: [
      { enterprise_id: null, team_id: TEAM_ID, user_id: 'U0BENCH', is_bot: true, is_enterprise_install: false },
    ],
    is_ext_shared_channel: false,
  };
  return post(url, JSON.stringify(envelope), 'application/json');
};

export type Typed = { url: string; userId: string; text: string; responseUrl: string };

export const postCommand = ({ url, userId, text, responseUrl }: Typed): Promise<number> =>
  post(
    url,
    new URLSearchParams({
      token: 'unused',
      team_id: TEAM_ID,
      team_domain: 'bench',
      channel_id: 'C0ACCESS',
      channel_name: 'prod-access',
      user_id: userId,
      user_name: userId.toLowerCase(),
      command: '/prod-access',
      text,
      api_app_id: 'A0BENCH',
      is_enterprise_install: 'false',
      response_url: responseUrl,
      trigger_id: nextTrigger(),
    }).toString(),
  );

export type Clicked = { url: string; userId: string; actionId: string; value: string; responseUrl: string };

export const postClick = ({ url, userId, actionId, value, responseUrl }: Clicked): Promise<number> => {
  const payload = {
    type: 'block_actions',
    api_app_id: 'A0BENCH',
    token: 'unused',
    team: { id: TEAM_ID, domain: 'bench' },
    user: { id: userId, username: userId.toLowerCase(), team_id: TEAM_ID },
    container: { type: 'message', message_ts: '1.1', channel_id: 'C0ACCESS', is_ephemeral: false },
    channel: { id: 'C0ACCESS', name: 'prod-access' },
    trigger_id: nextTrigger(),
    response_url: responseUrl,
    actions: [{ type: 'button', action_id: actionId, block_id: 'b', value, action_ts: String(Date.now() / 1000) }],
  };
  return post(url, new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
};
