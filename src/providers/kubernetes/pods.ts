/** Restarts the pods that somebody could have entered: what is open into a pod ends with its container, and with nothing else. */
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createPatience } from '../kit/patience.ts';
import { ProviderError } from '../provider.ts';
import type { Api } from './api.ts';

const GRACE_S = 5;
const GONE_WITHIN_MS = 15_000;

const podsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/pods`;

/** And nothing else of it: a pod may be as large as somebody makes it. */
const podSchema = z.object({
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string(),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
  }),
});
type Pod = z.infer<typeof podSchema>;

const remove = async (api: Api, pod: Pod, signal: AbortSignal): Promise<void> => {
  const { name, namespace = '', uid } = pod.metadata;
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: GRACE_S, preconditions: { uid } };
  const path = `${podsIn(namespace)}/${name}`;
  // One of a StatefulSet comes again under its name: the precondition keeps that one.
  await api.call({ method: 'DELETE', path, body, what: 'restart a pod', allowed: [404, 409] }, signal);
};

/** `before`: what was started later was started when the access was closed already. */
export const restartPods = async (
  api: Api,
  { namespace, labelSelector, before }: { namespace: string; labelSelector: string; before: Date },
  signal: AbortSignal,
): Promise<void> => {
  const query: Record<string, string> = labelSelector === '' ? {} : { labelSelector };
  const entered = async (): Promise<Pod[]> =>
    (await api.list({ path: podsIn(namespace), query }, podSchema, signal)).filter(
      ({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') <= before.getTime(),
    );
  const patience = createPatience(GONE_WITHIN_MS);
  for (let left = await entered(); left.length > 0; left = await entered()) {
    await Promise.all(
      left.filter(({ metadata }) => !metadata.deletionTimestamp).map(async (pod) => await remove(api, pod, signal)),
    );
    if (patience.isOver())
      throw new ProviderError('unavailable', `${left.length} pods in ${namespace} are not restarted yet.`);
    await delay(200, undefined, { signal });
  }
};
