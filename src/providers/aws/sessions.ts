/** Sessions of an IAM role with keys of their own, each ended by a policy in the role that is there before the session is. */
import { defineProvider } from '../define-provider.ts';
import type { Connected, EndGuarantee } from '../provider.ts';
import { openClient } from './client.ts';
import {
  sessionConfig,
  sessionHandle,
  sessionScope,
  type SessionConfig,
  type SessionHandle,
  type SessionScope,
} from './config.ts';
import { differences, listLookalikes, listOurs, restore } from './drift.ts';
import { check, revoke } from './end.ts';
import { extend, grant } from './grant.ts';
import { manual } from './manual.ts';
import { preflight } from './preflight.ts';
import { prepare } from './prepare.ts';
import { createLanes } from '../../lib/limiter.ts';

/** IAM limits the calls of a whole account, and does not say to how many. */
const AT_ONCE = 4;

const GUARANTEE: EndGuarantee = {
  endsBy: 'both',
  survives:
    'AWS takes no keys back: the role denies this session everything instead. AWS applies that within seconds, and names no time. Until the keys expire, sts:GetCallerIdentity still answers: what logs people in by it (EKS, Vault) still lets this session in. What the session started goes on.',
};

const connect = (config: SessionConfig): Connected<SessionScope, SessionHandle> => {
  const client = openClient(config);
  const lanes = createLanes(AT_ONCE);
  /** Roles are not listed in IAM by who wrote into them, so those of earlier calls are kept in mind. */
  const roleArns = new Set<string>();
  const noted = (...of: { role_arn: string }[]): void => of.forEach(({ role_arn: arn }) => void roleArns.add(arn));
  return {
    grant: async (scope, ctx) => {
      noted(scope);
      return await lanes(async () => await grant(client, scope, ctx), ctx.signal);
    },
    revoke: async (scope, handle, ctx) => {
      noted(handle ?? scope);
      return await lanes(async () => await revoke(client, { scope, handle }, ctx), ctx.signal);
    },
    check: async (scope, handle, ctx) => {
      noted(handle ?? scope);
      return await check(client, { scope, handle }, ctx);
    },
    extend: async (scope, _handle, ctx) => await lanes(async () => await extend(client, scope, ctx), ctx.signal),
    listLookalikes: async (scopes, { signal }) => {
      noted(...Object.values(scopes));
      return await listLookalikes(client, roleArns, signal);
    },
    listOurs: async ({ signal }) => await listOurs(client, roleArns, signal),
    differences,
    restore: async (scope, ctx) => await restore(client, scope, ctx),
    manual: (scope, handle, { grantId }) => manual(scope, handle, grantId),
    preflight: async (scopes, { signal }) => {
      noted(...Object.values(scopes));
      return await preflight(client, scopes, signal);
    },
    guarantee: () => GUARANTEE,
    disconnect: async () => await client.close(),
  };
};

export const sessions = defineProvider<SessionConfig, SessionScope, SessionHandle>({
  id: 'aws',
  title: 'AWS',
  config: sessionConfig,
  scope: sessionScope,
  handle: sessionHandle,
  prepare,
  connect,
});
