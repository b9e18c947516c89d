/**
 * What every session is denied whatever its role may do, so that nobody keeps access beyond its end: other identities, and sessions of other
 * roles, which the end of this one does not reach. A session policy can only narrow, and a denial in it counts above all else.
 */
import type { Json } from '../../domain/json.ts';

/** Of the plain text: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const LONGEST_POLICY = 2_048;

const DENIED = [
  ...[
    'Add',
    'Attach',
    'Change',
    'Create',
    'Deactivate',
    'Delete',
    'Detach',
    'Enable',
    'Put',
    'Remove',
    'Reset',
    'Set',
  ].map((verb) => `iam:${verb}*`),
  ...['iam:Tag*', 'iam:Untag*', 'iam:Update*', 'iam:Upload*', 'sts:AssumeR*', 'sts:Get*Token'],
  ...['sso:*', 'sso-directory:*', 'identitystore:*', 'organizations:*', 'account:*', 'rolesanywhere:*', 'signin:*'],
] as const;

const GUARD: Json = { Effect: 'Deny', Action: [...DENIED], Resource: '*' };
const ALL: Json = { Effect: 'Allow', Action: '*', Resource: '*' };

type Policy = Record<string, Json>;

const statementsOf = ({ Statement: found }: Policy): Json[] => (Array.isArray(found) ? found : [found ?? null]);

const statementProblem = (statement: Json): string | null => {
  if (statement === null || typeof statement !== 'object' || Array.isArray(statement))
    return 'has a Statement that is none';
  const { Effect: effect } = statement;
  if (effect !== 'Allow' && effect !== 'Deny') return 'has a Statement without an Effect of Allow or Deny';
  if ('Principal' in statement || 'NotPrincipal' in statement)
    return 'has a Principal: a session policy is about one session only';
  return ('Action' in statement || 'NotAction' in statement) && ('Resource' in statement || 'NotResource' in statement)
    ? null
    : 'has a Statement without an Action or a Resource';
};

/** A clause about it, or null. */
export const policyProblem = (policy: Policy): string | null => {
  const { Version: version, Statement: statement, ...rest } = policy;
  if (version !== '2012-10-17') return 'must have the Version "2012-10-17"';
  if (Object.keys(rest).length > 0) return 'has Version and Statement, and nothing else';
  if (statement === undefined) return 'must have a Statement';
  const text = JSON.stringify(policy);
  if (!/^[\x20-\x7e]*$/.test(text)) return 'has characters that AWS does not take: write ASCII';
  return (
    statementsOf(policy)
      .map(statementProblem)
      .find((problem) => problem !== null) ?? null
  );
};

export const sessionPolicyText = (policy: Policy | undefined): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [...(policy ? statementsOf(policy) : [ALL]), GUARD] });
