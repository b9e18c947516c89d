/** The Terraform that an administrator of the account applies: what Latchkey's own identity may do, and who may begin sessions of the roles. */
import type { Preparation } from '../provider.ts';
import { roleOf, type Config, type SessionScope } from './config.ts';

const quoted = (text: string): string => JSON.stringify(text).replaceAll('${', '$${').replaceAll('%{', '%%{');

const ownRoleOf = (config: Config | null): string | null => {
  if (config?.assume) return config.assume.role_arn;
  return config && 'role_arn' in config.credentials ? config.credentials.role_arn : null;
};

const list = (values: readonly string[], indent: string): string =>
  values.map((value) => `${indent}${quoted(value)},\n`).join('');

const policyFor = (arns: readonly string[], own: string): string => `data "aws_iam_policy_document" "latchkey" {
  statement {
    sid = "EndAccess"
    actions = [
      "iam:GetRole",
      "iam:ListRolePolicies",
      "iam:GetRolePolicy",
      "iam:PutRolePolicy",
      "iam:DeleteRolePolicy",
      "iam:SimulatePrincipalPolicy",
      "sts:AssumeRole",
    ]
    resources = [
${list(arns, '      ')}    ]
  }
  statement {
    sid       = "LookAtItself"
    actions   = ["iam:SimulatePrincipalPolicy"]
    resources = [${own}]
  }
}
`;

const trustFor = (own: string): string => `# In each role that is granted, as its assume_role_policy:
data "aws_iam_policy_document" "trusts_latchkey" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "AWS"
      identifiers = [${own}]
    }
  }
}
`;

const heading = (
  own: string,
): string => `# What Latchkey needs in this account. Apply it as an administrator. It may be applied again, and holds no secret.
locals {
  latchkey_identity = ${own}
}

`;

export const prepare = async (config: Config | null, scopes: Record<string, SessionScope>): Promise<Preparation> => {
  const arns = [...new Set(Object.values(scopes).map(({ role_arn: arn }) => arn))];
  const accounts = new Set(arns.map((arn) => roleOf(arn).account));
  const written = ownRoleOf(config);
  const own = 'local.latchkey_identity';
  const account = [...accounts][0] ?? '123456789012';
  const name = quoted(written ?? `arn:aws:iam::${account}:role/latchkey`);
  const attach = `resource "aws_iam_role_policy" "latchkey" {
  name   = "latchkey"
  role   = element(split("/", local.latchkey_identity), length(split("/", local.latchkey_identity)) - 1)
  policy = data.aws_iam_policy_document.latchkey.json
}

`;
  return await Promise.resolve({
    text: `${heading(name)}${policyFor(arns, own)}\n${attach}${trustFor(own)}`,
    version: null,
    notes: [
      ...(written === null
        ? [
            'latchkey_identity is a guess: write the role whose keys Latchkey has. For a user, attach the policy to the user instead.',
          ]
        : []),
      ...(accounts.size > 1 ? ['The roles are of more than one account: make a target for each.'] : []),
      'max_session_duration of a granted role must be as long as max of its role in latchkey.yml.',
    ],
  });
};
