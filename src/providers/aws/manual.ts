/** What an administrator of the account runs to end one access when Latchkey cannot. */
import { shellQuoted } from '../kit/credentials.ts';
import type { Manual } from '../provider.ts';
import { roleOf, type SessionHandle, type SessionScope } from './config.ts';
import { markName, markText } from './marks.ts';

const LONGEST_MS = 24 * 3_600_000;

export const manual = (scope: SessionScope, handle: SessionHandle | undefined, grantId: string): Manual => {
  const { name: role } = roleOf(handle?.role_arn ?? scope.role_arn);
  const name = markName(grantId);
  const text = markText(grantId, { deadline: null, heldUntil: new Date(Date.now() + LONGEST_MS) });
  return {
    name,
    enforcedBy: `the policy ${name} in the role ${role}`,
    statements: [
      `aws iam put-role-policy --role-name ${shellQuoted(role)} --policy-name ${name} --policy-document ${shellQuoted(text)}`,
    ],
  };
};
