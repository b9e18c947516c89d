/** One conditional binding for each grant: made, moved, put back and taken away through the writer of its project. */
import { credential } from '../kit/credentials.ts';
import {
  ProviderError,
  type Granted,
  type Grantee,
  type Item,
  type ProviderContext,
  type RevokeOutcome,
  type Standing,
} from '../provider.ts';
import type { Handle, Scope } from './config.ts';
import {
  expiresAtOf,
  expressionFor,
  hasAlready,
  isGranted,
  madeFor,
  memberFor,
  oursIn,
  titleOf,
  withGranted,
  withoutOurs,
  type Binding,
} from './policy.ts';
import { demandRole, type Projects } from './projects.ts';
import type { Edit } from './writer.ts';

const accountIn = (member: string): string => member.replace(/^user:/, '');

const personal = ({ project, role }: Scope, account: string): Omit<Granted<Handle>, 'handle'> => ({
  secret: { fields: [credential('user', account)] },
  instructions: {
    text: `Use your own Google account ${account}: the role ${role} is yours in the project ${project}. It takes about 2 minutes, at times 7 or more, until Google lets you in.`,
    commands: [
      { label: 'Use', command: `gcloud config set account ${account} && gcloud config set project ${project}` },
    ],
  },
});

export const find = async (
  projects: Projects,
  scope: Scope,
  ctx: Grantee & Pick<ProviderContext, 'identity' | 'signal'>,
): Promise<Standing<Handle>> => {
  const member = memberFor(ctx);
  await demandRole(projects, scope, ctx.signal);
  const { bindings } = await projects.at(scope.project).read(ctx.signal);
  return {
    handle: { title: member },
    account: accountIn(member),
    hadAlready: hasAlready(bindings, scope.role, member),
  };
};

export const grant = async (projects: Projects, scope: Scope, ctx: ProviderContext): Promise<Granted<Handle>> => {
  const member = memberFor(ctx);
  const { grantId, expiresAt, signal } = ctx;
  const title = titleOf(grantId);
  await demandRole(projects, scope, signal);
  const wanted = { grantId, scope, member, expiresAt };
  const edit: Edit<null> = {
    key: grantId,
    apply: (bindings) => ({ bindings: withGranted(bindings, wanted), outcome: null }),
    isDone: (bindings) => isGranted(bindings, wanted),
    what: `that ${accountIn(member)} has ${scope.role} in ${scope.project}`,
  };
  await projects.at(scope.project).write(edit, signal);
  return { handle: { title }, ...personal(scope, accountIn(member)) };
};

const removal = ({ grantId, scope }: Pick<Item<Scope, Handle>, 'grantId' | 'scope'>): Edit<RevokeOutcome> => ({
  key: grantId,
  apply: (bindings) => {
    const left = withoutOurs(bindings, grantId);
    return left.length === bindings.length
      ? { bindings, outcome: 'already_absent' }
      : { bindings: left, outcome: 'removed' };
  },
  isDone: (bindings) => oursIn(bindings, grantId).length === 0,
  what: `that the binding ${titleOf(grantId)} is gone from ${scope.project}`,
});

type Ctx = Pick<ProviderContext, 'signal'>;

/** Those of one project go in one write. */
export const revokeAll = async (
  projects: Projects,
  items: readonly Item<Scope, Handle>[],
  { signal }: Ctx,
): Promise<RevokeOutcome[]> => {
  const settled = await Promise.allSettled(
    items.map(async (item) => await projects.at(item.scope.project).write(removal(item), signal)),
  );
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
};

export const isPresent = async (
  projects: Projects,
  { scope: { project }, grantId }: { scope: Scope; grantId: string },
  { signal }: Ctx,
): Promise<boolean> => oursIn((await projects.at(project).read(signal)).bindings, grantId).length > 0;

const isAt = (binding: Binding, expiresAt: Date): boolean => expiresAtOf(binding)?.getTime() === expiresAt.getTime();

/** @throws ProviderError: what is gone or was over is not opened again. */
const moved = (bindings: Binding[], { grantId, expiresAt }: ProviderContext): Binding[] => {
  const mine = oursIn(bindings, grantId);
  if (mine.length === 0) throw new ProviderError('denied', `The access of grant ${grantId} is gone.`);
  if (mine.every((one) => isAt(one, expiresAt))) return bindings;
  const endedAt = mine.map(expiresAtOf).find((at) => at !== null && at.getTime() <= Date.now());
  if (endedAt)
    throw new ProviderError(
      'denied',
      `The access of grant ${grantId} ended at ${endedAt.toISOString()}, and is not opened again.`,
    );
  const expression = expressionFor(expiresAt);
  return bindings.map((one) =>
    mine.includes(one) && one.condition ? { ...one, condition: { ...one.condition, expression } } : one,
  );
};

export const extend = async (projects: Projects, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const { grantId, expiresAt, signal } = ctx;
  const edit: Edit<null> = {
    key: grantId,
    apply: (bindings) => ({ bindings: moved(bindings, ctx), outcome: null }),
    isDone: (bindings) => {
      const mine = oursIn(bindings, grantId);
      return mine.length > 0 && mine.every((one) => isAt(one, expiresAt));
    },
    what: `that the binding ${titleOf(grantId)} ends at ${expiresAt.toISOString()}`,
  };
  await projects.at(scope.project).write(edit, signal);
};

/** For whom it was made: what a person is called by now is another question. */
export const restore = async (projects: Projects, scope: Scope, ctx: ProviderContext): Promise<void> => {
  const { grantId, expiresAt, signal } = ctx;
  const wantedIn = (bindings: readonly Binding[]) => {
    const [mine] = oursIn(bindings, grantId);
    return mine && { grantId, scope, member: madeFor(mine), expiresAt };
  };
  const edit: Edit<null> = {
    key: grantId,
    apply: (bindings) => {
      const wanted = wantedIn(bindings);
      if (!wanted)
        throw new ProviderError('conflict', `The access of grant ${grantId} is gone, so nothing was put back.`);
      return { bindings: withGranted(bindings, wanted), outcome: null };
    },
    isDone: (bindings) => {
      const wanted = wantedIn(bindings);
      return wanted !== undefined && isGranted(bindings, wanted);
    },
    what: `that the binding ${titleOf(grantId)} is as it was made`,
  };
  await projects.at(scope.project).write(edit, signal);
};
