/** Webhooks as GitHub sends them: signed over the raw body, recorded, and never sent again by themselves. */
import { createHmac, randomUUID } from 'node:crypto';
import type { Delivery, Repository, State } from './state.ts';
import { repositoryJson } from './state.ts';

/** `lost`: not sent, and recorded as failed. `forged`: signed with another secret. `sha1`: with the old signature alone. `twice`: sent two times. */
export type Manner = 'sent' | 'lost' | 'forged' | 'sha1' | 'twice';

export const sign = (secret: string, body: string): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

const TIMEOUT_MS = 10_000;

const post = async (state: State, delivery: Delivery, manner: Manner): Promise<number> => {
  if (manner === 'lost' || state.hookUrl === null) return 0;
  const body = JSON.stringify(delivery.payload);
  const secret = manner === 'forged' ? 'another secret' : state.secret;
  const signature: Record<string, string> = manner === 'sha1' ? {} : { 'x-hub-signature-256': sign(secret, body) };
  try {
    const response = await fetch(state.hookUrl, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'GitHub-Hookshot/stand-in',
        'x-github-event': delivery.event,
        'x-github-delivery': delivery.guid,
        'x-github-hook-installation-target-type': 'integration',
        'x-hub-signature': `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`,
        ...signature,
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.status;
  } catch (error) {
    if (error instanceof Error) return 0;
    throw error;
  }
};

let deliveries = 12_000;

const record = async (state: State, delivery: Delivery, manner: Manner): Promise<Delivery> => {
  delivery.statusCode = await post(state, delivery, manner);
  state.deliveries.unshift(delivery);
  return delivery;
};

export type Event = { event: string; action: string | null; repository: Repository; payload: object; sender?: object };

export const deliver = async (state: State, what: Event, manner: Manner = 'sent'): Promise<Delivery> => {
  const { event, action, repository, payload, sender = { id: 1, login: 'github', type: 'Bot' } } = what;
  const installation = { id: repository.installation };
  const common = { ...(action !== null && { action }), repository: repositoryJson(repository), installation, sender };
  deliveries += 1;
  const made: Delivery = {
    id: deliveries,
    guid: randomUUID(),
    deliveredAt: new Date(),
    isRedelivery: false,
    statusCode: 0,
    event,
    action,
    installation: repository.installation,
    repository: repository.id,
    payload: { ...common, ...payload },
  };
  const delivered = await record(state, made, manner);
  if (manner === 'twice') await post(state, delivered, 'sent');
  return delivered;
};

/** The same id for the receiver, another for the list. */
export const deliverAgain = (state: State, delivery: Delivery): Promise<Delivery> => {
  deliveries += 1;
  return record(state, { ...delivery, id: deliveries, deliveredAt: new Date(), isRedelivery: true }, 'sent');
};

export const deliveryJson = ({ statusCode, ...delivery }: Delivery): object => ({
  id: delivery.id,
  guid: delivery.guid,
  delivered_at: delivery.deliveredAt.toISOString(),
  redelivery: delivery.isRedelivery,
  duration: 0.1,
  status:
    statusCode >= 200 && statusCode < 300
      ? 'OK'
      : statusCode === 0
        ? 'failed to connect to host'
        : 'Invalid HTTP Response',
  status_code: statusCode,
  event: delivery.event,
  action: delivery.action,
  installation_id: delivery.installation,
  repository_id: delivery.repository,
});
