/** AWS for the contract suite. A session there is keys that are looked at with each call. */
import type { Secret } from '../../../src/providers/provider.ts';
import type { Visit, World, WorldOption } from '../worlds.ts';
import { callWith, createTarget, form, keysIn, marksIn, ORDERS, type Target } from './target.ts';

const visitBy = async ({ api }: Target, secret: Secret | undefined): Promise<Visit> => {
  const keys = keysIn(secret);
  const read = async (): Promise<number> => {
    const text = await callWith(api, keys, { method: 'GET', path: ORDERS, service: 'orders' });
    return (JSON.parse(text) as { orders: number }).orders;
  };
  await read();
  let isCut = false;
  const look = setInterval(() => void read().catch(() => (isCut = true)), 100);
  look.unref();
  return {
    whoAmI: async () => {
      const text = await callWith(api, keys, form('GetCallerIdentity'));
      const [, actingAs = '', person = ''] = /assumed-role\/([^/]+)\/([^<]+)</.exec(text) ?? [];
      return { person, actingAs };
    },
    read,
    write: async () => void (await callWith(api, keys, { method: 'PUT', path: ORDERS, service: 'orders', body: 'x' })),
    isCut: () => isCut,
    leave: async () => await Promise.resolve(clearInterval(look)),
  };
};

/** One that only denies whatever time it is has ended. */
const isOpen = (text: string): boolean => text.includes('aws:CurrentTime');

const open = async (): Promise<World> => {
  const target = await createTarget();
  target.api.state.lagMs = 40;
  const { config, scopes, api } = target;
  return {
    config,
    roles: { read: { scope: scopes.read, actsAs: 'read' }, write: { scope: scopes.write, actsAs: 'write' } },
    enter: async (secret) => await visitBy(target, secret),
    countOf: async (grantId) => {
      const texts = ['read', 'write'].flatMap((role) => marksIn(api, role).get(`latchkey-${grantId}`) ?? []);
      return await Promise.resolve(texts.filter(isOpen).length);
    },
    close: api.stop,
  };
};

export const WORLDS: WorldOption[] = [{ title: 'the stand-in', open }];
