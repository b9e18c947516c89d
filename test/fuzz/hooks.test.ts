/** The webhooks: what is read of a body, the whole handler, and Slack's own address. */
import { createHmac } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe } from 'vitest';
import { TRIGGERS } from '../../src/http/hooks/registry.ts';
import { createWebhookHandler } from '../../src/http/hooks/webhook-handler.ts';
import { createLog } from '../../src/lib/log.ts';
import { createHttpReceiver } from '../../src/slack/connection/receiver-http.ts';
import {
  alertmanagerMessage,
  bearer,
  genericAlert,
  genericSigned,
  pagerDutyEvent,
  pagerDutySigned,
} from '../support/alert-payloads.ts';
import { forgetfulReplays } from '../support/replays.ts';
import { claim, canBeStored, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { jsonLike, textsLike } from './texts.ts';

const SECRET = 'a secret of the fuzz';
const log = createLog('silent');
const grafana = JSON.stringify({
  ...(JSON.parse(alertmanagerMessage()) as object),
  version: '1',
  orgId: 1,
  state: 'alerting',
});
const SEEDS = {
  pagerduty: [
    pagerDutyEvent(),
    pagerDutyEvent({ type: 'incident.resolved' }),
    pagerDutyEvent({ dataType: 'incident_note' }),
  ],
  alertmanager: [alertmanagerMessage(), alertmanagerMessage({ status: 'resolved' }, { pod: 'b' }), grafana],
  generic: [genericAlert(), `[${genericAlert()},${genericAlert({ at: new Date().toISOString() })}]`],
};
const signed = {
  pagerduty: (body: string) => pagerDutySigned(body, SECRET),
  alertmanager: () => bearer(SECRET),
  generic: (body: string) => genericSigned(body, SECRET),
};

const requestOf = (body: string | Buffer, headers: Record<string, string>): IncomingMessage =>
  Object.assign(Readable.from([Buffer.from(body)]), { headers }) as unknown as IncomingMessage;

describe('webhooks', () => {
  for (const trigger of TRIGGERS) {
    const { id } = trigger;
    fuzz({
      name: `what ${id} says`,
      share: 50,
      inputs: jsonLike(SEEDS[id]),
      run: (value) => {
        const body = Buffer.from(JSON.stringify(value) ?? 'null');
        const reading = trigger.read(value, { headers: signed[id](body.toString()), body, nowMs: Date.now() });
        if ('problem' in reading || 'ignored' in reading) return saysNothingOfTheInside(reading, JSON.stringify(value));
        for (const signal of reading.signals) {
          canBeStored(signal);
          claim(signal.key).not.toBe('');
          claim(signal.title).not.toBe('');
          claim(Number.isNaN(signal.at.getTime())).toBe(false);
          if (signal.url !== null) claim(signal.url).toMatch(/^https?:/);
        }
      },
    });
    let received = 0;
    const handle = createWebhookHandler({
      trigger,
      secrets: [SECRET],
      receive: ({ signals }) => {
        received += signals.length;
        return Promise.resolve({ unmapped: 0 } as never);
      },
      replays: forgetfulReplays,
      onAlert: () => undefined,
      log,
    });
    fuzz({
      name: `the address of ${id}`,
      share: 15,
      inputs: fc.record({
        body: fc.oneof(
          jsonLike(SEEDS[id]).map((value) => JSON.stringify(value)),
          textsLike({ seeds: SEEDS[id] }),
        ),
        secret: fc.constantFrom(SECRET, 'another', ''),
        header: textsLike({
          seeds: [`v1=${'a'.repeat(64)}`, `Bearer ${SECRET}x`, 'Basic eDp5', '1790000000'],
          max: 300,
        }),
        isOwn: fc.boolean(),
      }),
      run: async ({ body, secret, header, isOwn }) => {
        const signedWith = (one: string): Record<string, string> =>
          id === 'pagerduty' ? pagerDutySigned(body, one) : id === 'generic' ? genericSigned(body, one) : bearer(one);
        const own = signedWith(secret);
        const odd = Object.fromEntries(Object.keys(own).map((name) => [name, header]));
        // Text that is made from a header may be the right one.
        const met = header.trim().replace(/^bearer +/iu, 'Bearer ');
        const isMet = Object.entries(signedWith(SECRET)).every(
          ([name, value]) => name === 'content-type' || value === met,
        );
        const before = received;
        const { status, body: answer } = await handle(requestOf(body, isOwn ? own : odd));
        claim([202, 400, 401]).toContain(status);
        saysNothingOfTheInside(answer, body);
        if (isOwn ? secret !== SECRET : !isMet) claim([status, received]).toEqual([401, before]);
      },
    });
  }
});

describe('Slack over HTTP', () => {
  const handled: unknown[] = [];
  const receiver = createHttpReceiver({
    signingSecret: SECRET,
    replays: forgetfulReplays,
    onEventsLeftOut: () => undefined,
    log,
  });
  receiver.init({
    processEvent: async ({ body, ack }: { body: unknown; ack(): Promise<void> }) => {
      handled.push(body);
      await ack();
    },
  } as never);
  const answered = (): { res: ServerResponse; read(): { status: number; text: string } } => {
    const state = { headersSent: false, status: 0, text: '' };
    const res = {
      get headersSent() {
        return state.headersSent;
      },
      writeHead: (status: number) => Object.assign(state, { headersSent: true, status }),
      end: (text: string) => Object.assign(state, { text }),
    };
    return { res: res as unknown as ServerResponse, read: () => state };
  };
  const sign = (body: string, stamp: string): string =>
    `v0=${createHmac('sha256', SECRET).update(`v0:${stamp}:${body}`).digest('hex')}`;
  const BODIES = [
    'command=%2Fprod-access&text=orders-db+read&user_id=U1&team_id=T1&trigger_id=1.2',
    `payload=${encodeURIComponent('{"type":"block_actions","user":{"id":"U1"},"actions":[{"action_id":"approve"}]}')}`,
    ...['{"type":"url_verification","challenge":"x"}', '{"type":"event_callback","event":{}}', 'ssl_check=1'],
  ];
  fuzz({
    name: 'the address of Slack',
    share: 75,
    inputs: fc.record({
      body: textsLike({ seeds: BODIES }),
      stamp: textsLike({ seeds: ['', '0', '1790000000', '99999999999'], max: 40 }),
      signature: textsLike({ seeds: [`v0=${'a'.repeat(64)}`, 'v0=', ''], max: 200 }),
      type: textsLike({ seeds: ['application/json', 'application/x-www-form-urlencoded; charset=utf-8'], max: 80 }),
      mode: fc.constantFrom('signed', 'odd signature', 'odd time', 'odd type', 'after the signature'),
    }),
    run: async ({ body, stamp, signature, type, mode }) => {
      const now = String(Math.floor(Date.now() / 1000));
      const right = sign(body, now);
      const headers = {
        'content-type':
          mode === 'odd type' ? type : body.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded',
        'x-slack-request-timestamp': mode === 'odd time' ? stamp : now,
        'x-slack-signature':
          mode === 'odd signature' ? signature : mode === 'after the signature' ? `${right}${signature || '='}` : right,
      };
      const before = handled.length;
      const { res, read } = answered();
      await receiver.handle(requestOf(body, headers), res);
      const { status, text } = read();
      claim([200, 400, 401, 415]).toContain(status);
      saysNothingOfTheInside(text, body);
      const isSigned = mode === 'signed' || mode === 'odd type';
      if (!isSigned) claim([status === 401 || status === 415, handled.length]).toEqual([true, before]);
      handled.length = 0;
    },
  });
});
