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

/** Resolves with the milliseconds until the answer was read. Slack: docs.slack.dev/authentication/verifying-requests-from-slack */
const post = (url: string, body: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const stamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', SIGNING_SECRET).update(`v0:${stamp}:${body}`).digest('hex');
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': Buffer.byteLength(body),
      'x-slack-request-timestamp': stamp,
      'x-slack-signature': `v0=${signature}`,
    };
    const startedAt = performance.now();
    const sent = request(`${url}/slack/events`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('error', reject);
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve(performance.now() - startedAt);
        else reject(new Error(`A signed request was answered with ${answer.statusCode}.`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });

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
