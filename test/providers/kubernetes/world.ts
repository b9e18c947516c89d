/** Kubernetes for the contract suite. A session there is a token that is looked at with each request. */
import type { Secret } from '../../../src/providers/provider.ts';
import type { Visit, World, WorldOption } from '../worlds.ts';
import { bindingsOf, createTarget, itemsIn, openCluster, tokenIn, type Caller, type Target } from './target.ts';

const visitBy = async ({ cluster, app }: Target, secret: Secret | undefined): Promise<Visit> => {
  const call: Caller = cluster.as(tokenIn(secret));
  const configmaps = `/api/v1/namespaces/${app}/configmaps`;
  const read = async (): Promise<number> => {
    const answer = await call('GET', `${configmaps}?labelSelector=app%3Dorders`);
    if (answer.status !== 200) throw new Error(`refused with ${answer.status}`);
    return itemsIn(answer).length;
  };
  const write = async (): Promise<void> => {
    const found = await call('GET', `${configmaps}/order-1`);
    const { status } = await call('PUT', `${configmaps}/order-1`, found.body as object);
    if (status !== 200) throw new Error(`refused with ${status}`);
  };
  await read();
  let isCut = false;
  const look = setInterval(() => void read().catch(() => (isCut = true)), 100);
  look.unref();
  return {
    whoAmI: async () => {
      const { body } = await call('GET', `/api/v1/namespaces/${app}/secrets`);
      const [, person = ''] = /User "([^"]+)"/.exec((body as { message: string }).message) ?? [];
      const [written] = await Promise.allSettled([write()]);
      return { person, actingAs: written.status === 'fulfilled' ? 'write' : 'read' };
    },
    read,
    write,
    isCut: () => isCut,
    leave: async () => await Promise.resolve(clearInterval(look)),
  };
};

const open = async (): Promise<World> => {
  const cluster = await openCluster();
  const target = await createTarget(cluster);
  const { read = {}, write = {} } = target.scopes;
  return {
    config: target.config,
    roles: { read: { scope: read, actsAs: 'read' }, write: { scope: write, actsAs: 'write' } },
    enter: async (secret) => await visitBy(target, secret),
    countOf: async (grantId) => (await bindingsOf(target, grantId)).length,
    close: cluster.stop,
  };
};

const title = process.env['KUBERNETES_TEST_SERVER'] ? 'a real API server' : 'the stand-in';
export const WORLDS: WorldOption[] = [{ title, open }];
