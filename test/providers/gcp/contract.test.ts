/** The promises on a strict stand-in. Access there is in a person's own name, so that each grant of the suite is to somebody of its own. */
import type { AnyProvider } from '../../../src/providers/any-provider.ts';
import type { ProviderContext, Secret } from '../../../src/providers/provider.ts';
import { gcp } from '../../../src/providers/gcp/gcp.ts';
import { holdToContract } from '../contract.ts';
import type { Visit, World } from '../worlds.ts';
import { bindingsOf, isIn, openTarget, READER, WRITER, type Target } from './target.ts';

let target: Target;

const ownName = <C extends { grantId?: string }>(ctx: C): C => {
  if (ctx.grantId === undefined) return ctx;
  const user = `${ctx.grantId}@acme.test`;
  target.state.members.add(`user:${user}`);
  return { ...ctx, identity: { user } };
};

const named: AnyProvider = {
  ...gcp,
  connect: (config) => {
    const connection = gcp.connect(config);
    return {
      ...connection,
      grant: async (scope, ctx: ProviderContext) => await connection.grant(scope, ownName(ctx)),
    };
  },
};

const visitBy = async (secret: Secret | undefined): Promise<Visit> => {
  const user = secret?.fields.find(({ name }) => name === 'user')?.value ?? '';
  const read = async (): Promise<number> => {
    if (!isIn(target, user)) throw new Error('denied');
    return await Promise.resolve(3);
  };
  await read();
  const mayWrite = (): boolean => isIn(target, user, 'app.orders.update');
  return {
    whoAmI: async () => await Promise.resolve({ person: user, actingAs: mayWrite() ? 'write' : 'read' }),
    read,
    write: async () => {
      if (!mayWrite()) throw new Error('denied');
      await Promise.resolve();
    },
    isCut: () => !isIn(target, user),
    leave: async () => await Promise.resolve(),
  };
};

const open = async (): Promise<World> => {
  target = await openTarget();
  return {
    config: target.config,
    roles: { read: { scope: READER, actsAs: 'read' }, write: { scope: WRITER, actsAs: 'write' } },
    enter: visitBy,
    countOf: async (grantId) => await Promise.resolve(bindingsOf(target, grantId).length),
    close: target.stop,
  };
};

holdToContract(named, { title: 'the stand-in', open });
