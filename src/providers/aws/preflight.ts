/** Are the keys right and the roles there, do they trust Latchkey, and what may be left behind by them? Each finding says how to fix it. */
import { ProviderError, type Finding } from '../provider.ts';
import type { Client } from './client.ts';
import { roleOf, type SessionScope } from './config.ts';
import { ownIdentity, rightsFindings, trustFindings, type Own } from './own-rights.ts';
import { remainsOf, RISK_ACTIONS } from './role-risks.ts';
import { markNames, readRole } from './role-policies.ts';
import { sessionPolicyText } from './session-policy.ts';
import { allowedOf } from './simulate.ts';

const CLOCK_MS = 60_000;
/** Of about 45 that a role has room for. */
const MANY_MARKS = 35;

const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

type One = { client: Client; own: Own; signal: AbortSignal };

const roomFindings = async (one: One, roleArn: string): Promise<Finding[]> => {
  const { length } = await markNames({ ...one, roleArn });
  if (length < MANY_MARKS) return [];
  return [
    warning(
      'little_room',
      `${length} accesses are written into the role ${roleOf(roleArn).name}, and there is room for about 45. Make a second role for the same work.`,
    ),
  ];
};

const remainsFindings = async ({ client, signal }: One, role: string, scope: SessionScope): Promise<Finding[]> => {
  const within = sessionPolicyText(scope.policy);
  const question = { source: scope.role_arn, actions: RISK_ACTIONS, resources: ['*'], within };
  const allowed = await allowedOf(client, question, signal);
  const sentences = allowed === null ? [] : remainsOf(allowed);
  if (sentences.length === 0) return [];
  const message = `After access by the role ${roleOf(scope.role_arn).name} something may stay: ${sentences.join(' ')}`;
  return [{ ...warning('role_leaves_behind', message), remains: { roles: [role], sentences } }];
};

const roleFindings = async (one: One, role: string, scope: SessionScope): Promise<Finding[]> => {
  try {
    const { trust } = await readRole({ ...one, roleArn: scope.role_arn });
    return [
      ...trustFindings(one.own, scope.role_arn, trust),
      ...(await roomFindings(one, scope.role_arn)),
      ...(await remainsFindings(one, role, scope)),
    ];
  } catch (error) {
    if (!(error instanceof ProviderError) || error.isRetried) throw error;
    return [{ level: 'error', code: 'no_role', message: error.message }];
  }
};

const clockFindings = ({ client }: One): Finding[] => {
  const skewMs = client.skewMs();
  if (Math.abs(skewMs) < CLOCK_MS) return [];
  const way = skewMs > 0 ? 'behind' : 'ahead of';
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return [
    warning(
      'clock',
      `The clock of this machine is ${seconds} s ${way} that of AWS, so AWS ends access at another moment.`,
    ),
  ];
};

export const preflight = async (
  client: Client,
  scopes: Record<string, SessionScope>,
  signal: AbortSignal,
): Promise<Finding[]> => {
  const own = await ownIdentity(client, signal);
  const one = { client, own, signal };
  const roles = [...new Set(Object.values(scopes).map(({ role_arn: arn }) => arn))];
  const looked: Finding[] = [];
  for (const [role, scope] of Object.entries(scopes)) looked.push(...(await roleFindings(one, role, scope)));
  return [...(await rightsFindings(client, own, { roles, signal })), ...looked, ...clockFindings(one)];
};
