/** What stands in the roles against what was made: our policies as they are, what only has our name, and the way back. */
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { ProviderError, type Difference, type Lookalike, type Ours, type ProviderContext } from '../provider.ts';
import type { Client } from './client.ts';
import type { SessionHandle, SessionScope } from './config.ts';
import { grantNamedIn } from './marks.ts';
import { markNames, readMark, removeMark, writeMark, type At, type MarkSeen } from './role-policies.ts';

const foundSchema = z.object({ isWhole: z.boolean() });

type Seen = { at: At; name: string; grantId: string | null; seen: MarkSeen | null };

/** One after the other: IAM bears few calls a second. */
const lookAt = async (client: Client, roleArns: Iterable<string>, signal: AbortSignal): Promise<Seen[]> => {
  const found: Seen[] = [];
  for (const roleArn of roleArns) {
    const at = { client, roleArn, signal };
    for (const name of await markNames(at)) {
      const grantId = grantNamedIn(name);
      found.push({ at, name, grantId, seen: grantId === null ? null : await readMark(at, grantId) });
    }
  }
  return found;
};

/** What is closed has ended: it only waits until its sessions are over, and is taken out then. */
export const listOurs = async (
  client: Client,
  roleArns: Iterable<string>,
  signal: AbortSignal,
): Promise<Ours<SessionHandle>[]> => {
  const listed: Ours<SessionHandle>[] = [];
  for (const { at, name, grantId, seen } of await lookAt(client, roleArns, signal)) {
    const mark = seen?.mark;
    if (grantId === null || !seen || !mark) continue;
    if (mark.deadline === null && mark.isWhole) {
      if (mark.heldUntil < seen.now) await removeMark(at, name);
      continue;
    }
    const found: Json = { isWhole: mark.isWhole };
    listed.push({ grantId, handle: { role_arn: at.roleArn, name }, expiresAt: mark.deadline, name, found });
  }
  return listed;
};

export const listLookalikes = async (
  client: Client,
  roleArns: Iterable<string>,
  signal: AbortSignal,
): Promise<Lookalike[]> =>
  (await lookAt(client, roleArns, signal))
    .filter(({ seen }) => seen === null || seen.isForeign)
    .map(({ at, name }) => ({
      kind: 'lookalike',
      name: `${name} in ${at.roleArn}`,
      why: 'it is named like a policy of Latchkey and has other content',
    }));

export const differences = (_scope: SessionScope, ours: Ours<SessionHandle>, expiresAt: Date): Difference[] => {
  const { isWhole } = foundSchema.parse(ours.found);
  const shown = ours.expiresAt;
  const isMoved = shown?.getTime() !== expiresAt.getTime();
  return [
    ...(isMoved
      ? [
          {
            kind: 'deadline' as const,
            message: `its deadline is ${shown?.toISOString() ?? 'none'} instead of ${expiresAt.toISOString()}`,
          },
        ]
      : []),
    ...(isWhole
      ? []
      : [{ kind: 'wider' as const, message: 'the policy that ends it was changed, and may not end it' }]),
  ];
};

/** Where what ends it is closed, it stays closed. */
export const restore = async (client: Client, scope: SessionScope, ctx: ProviderContext): Promise<void> => {
  const at = { client, roleArn: scope.role_arn, signal: ctx.signal };
  const { mark } = await readMark(at, ctx.grantId);
  if (mark === null) throw new ProviderError('denied', `The access of grant ${ctx.grantId} is gone.`);
  if (mark.deadline === null && mark.isWhole) throw new ProviderError('denied', 'This access was ended.');
  await writeMark(at, ctx.grantId, { deadline: ctx.expiresAt, heldUntil: mark.heldUntil });
};
