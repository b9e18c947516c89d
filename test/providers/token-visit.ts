/** How a target that hands out tokens is entered: a session there is the token, looked up each time in what the reference program or receiver keeps. */
import type { Secret } from '../../src/providers/provider.ts';
import type { Visit } from './worlds.ts';

export type KeptToken = { account: string; token: string; scope: { role: string }; expires_at: string };

/** `state`: what counts now, by grant. */
export const visitBy = (state: () => Record<string, KeptToken>, secret: Secret | undefined): Visit => {
  const token = secret?.fields.find(({ name }) => name === 'password')?.value;
  const found = () =>
    Object.values(state()).find((one) => one.token === token && Date.parse(one.expires_at) > Date.now());
  const must = () => {
    const one = found();
    if (!one) throw new Error('the token is not accepted');
    return one;
  };
  must();
  return {
    whoAmI: async () => await Promise.resolve({ person: must().account, actingAs: must().scope.role }),
    read: async () => await Promise.resolve(must() && 3),
    write: async () => {
      if (must().scope.role !== 'write') throw new Error('read only');
      await Promise.resolve();
    },
    isCut: () => found() === undefined,
    leave: async () => await Promise.resolve(),
  };
};
