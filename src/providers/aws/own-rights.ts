/** What Latchkey's own identity must be allowed for these roles, and what it may beyond that. */
import type { Finding } from '../provider.ts';
import type { Client } from './client.ts';
import { roleOf } from './config.ts';
import { allowedOf } from './simulate.ts';
import { textIn } from './xml.ts';

const ON_ROLES = [
  'iam:GetRole',
  'iam:ListRolePolicies',
  'iam:GetRolePolicy',
  'iam:PutRolePolicy',
  'iam:DeleteRolePolicy',
  'iam:SimulatePrincipalPolicy',
] as const;

/** By any of these on everything, Latchkey's keys would be those of an administrator. */
const SURPLUS = [
  ...['iam:PutRolePolicy', 'iam:DeleteRolePolicy', 'iam:AttachRolePolicy', 'iam:UpdateAssumeRolePolicy'],
  ...['iam:CreateUser', 'iam:CreateAccessKey', 'iam:PutUserPolicy', 'iam:CreateRole', 'iam:PassRole', 'sts:AssumeRole'],
  ...['s3:GetObject', 's3:PutObject', 'ec2:RunInstances', 'lambda:InvokeFunction', 'secretsmanager:GetSecretValue'],
];

const error = (code: string, message: string): Finding => ({ level: 'error', code, message });
const warning = (code: string, message: string): Finding => ({ level: 'warning', code, message });

export type Own = { arn: string; account: string };

/** As policies and trust name it: a role, where the keys are of a session of one. */
export const ownIdentity = async (client: Client, signal: AbortSignal): Promise<Own> => {
  const doing = 'say whose keys Latchkey has';
  const { text } = await client.query({ service: 'sts', action: 'GetCallerIdentity', doing }, signal);
  const shown = textIn(text, 'Arn') ?? '';
  const account = textIn(text, 'Account') ?? '';
  const { assume, credentials } = client.config;
  const written = assume?.role_arn ?? ('role_arn' in credentials ? credentials.role_arn : null);
  if (written !== null) return { arn: written, account };
  const [, partition, role] = /^arn:(aws[\w-]*):sts::\d{12}:assumed-role\/([^/]+)\//.exec(shown) ?? [];
  return { arn: role === undefined ? shown : `arn:${partition}:iam::${account}:role/${role}`, account };
};

/** The identity itself, its account, or everybody. */
const isTrusted = ({ arn, account }: Own, trust: string): boolean =>
  [`"${arn}"`, `:${account}:root"`, `"${account}"`, '"*"'].some((one) => trust.includes(one));

export const trustFindings = (own: Own, roleArn: string, trust: string): Finding[] => {
  const { name } = roleOf(roleArn);
  if (roleArn === own.arn)
    return [
      error(
        'own_role',
        `The role ${name} is Latchkey's own: with it, a requester could grant themselves all else. Take it out.`,
      ),
    ];
  if (!isTrusted(own, trust))
    return [
      error(
        'not_trusted',
        `The role ${name} does not trust ${own.arn}, so Latchkey can begin no session of it. \`latchkey doctor --sql\` prints what to add.`,
      ),
    ];
  if (!/"Principal":(?:"\*"|\{"AWS":(?:"\*"|\[[^\]]*"\*"))/.test(trust.replaceAll(/\s/g, ''))) return [];
  return [warning('trusts_all', `The role ${name} trusts every account of AWS. Name Latchkey's identity instead.`)];
};

const lacksOf = async (client: Client, own: Own, { roles, signal }: { roles: string[]; signal: AbortSignal }) => {
  const lacking: string[] = [];
  for (const role of roles) {
    const question = { source: own.arn, actions: ON_ROLES, resources: [role] };
    const allowed = await allowedOf(client, question, signal);
    if (allowed === null) return null;
    lacking.push(...ON_ROLES.filter((action) => !allowed.has(action)).map((action) => `${action} on ${role}`));
  }
  return lacking;
};

export const rightsFindings = async (
  client: Client,
  own: Own,
  { roles, signal }: { roles: string[]; signal: AbortSignal },
): Promise<Finding[]> => {
  if (own.arn.endsWith(':root'))
    return [error('root_keys', 'The keys are of the root user of the account. Make an identity for Latchkey alone.')];
  const lacking = await lacksOf(client, own, { roles, signal });
  const surplus = await allowedOf(client, { source: own.arn, actions: SURPLUS, resources: ['*'] }, signal);
  if (lacking === null || surplus === null)
    return [
      warning(
        'rights_unknown',
        `Latchkey may not ask IAM what ${own.arn} is allowed, so its rights are not compared. Allow iam:SimulatePrincipalPolicy on it.`,
      ),
    ];
  return [
    ...(lacking.length > 0
      ? [
          error(
            'lacks_rights',
            `${own.arn} is not allowed ${lacking.slice(0, 8).join(', ')}. Apply what \`latchkey doctor --sql\` prints.`,
          ),
        ]
      : []),
    ...(surplus.size > 0
      ? [
          warning(
            'more_than_needed',
            `${own.arn} may do more than Latchkey needs, on every resource: ${[...surplus].join(', ')}. Take the policies that allow it away.`,
          ),
        ]
      : []),
  ];
};
