/** The Terraform for Latchkey's identity in the account that administers IAM Identity Center: these permission sets, these accounts, nothing else. */
import type { Preparation } from '../provider.ts';
import { instanceOf, type CenterConfig, type CenterScope } from './config.ts';

const list = (values: readonly string[]): string => values.map((value) => `      ${JSON.stringify(value)},\n`).join('');

const statement = (sid: string, actions: readonly string[], resources: readonly string[]): string => `  statement {
    sid = "${sid}"
    actions = [
${list(actions)}    ]
    resources = [
${list(resources)}    ]
  }
`;

const CHANGES = ['sso:CreateAccountAssignment', 'sso:DeleteAccountAssignment', 'sso:ListAccountAssignments'];
const LOOKS = [
  'sso:DescribeInstance',
  'sso:DescribeAccountAssignmentCreationStatus',
  'sso:DescribeAccountAssignmentDeletionStatus',
  'sso:ListAccountAssignmentCreationStatus',
  'sso:ListAccountAssignmentDeletionStatus',
  'sso:DescribePermissionSet',
  'sso:ListManagedPoliciesInPermissionSet',
  'sso:GetInlinePolicyForPermissionSet',
];
const PEOPLE = ['identitystore:GetUserId', 'identitystore:DescribeUser', 'identitystore:ListUsers'];

const NOTES = [
  'It must be in the management account, or better in the account that administration of Identity Center is delegated to.',
  'Use permission sets for Latchkey alone, with a session duration of 1 hour: sessions that are open go on so long after the end.',
];

const HEADING = `# What Latchkey needs where IAM Identity Center is administered. Attach it to Latchkey's own role or user there.
# It may be applied again, and holds no secret.
`;

const POLICY = `
resource "aws_iam_policy" "latchkey" {
  name   = "latchkey"
  policy = data.aws_iam_policy_document.latchkey.json
}
`;

export const prepareCenter = (config: CenterConfig | null, scopes: Record<string, CenterScope>): Preparation => {
  const all = Object.values(scopes);
  const instances = [...new Set(config ? [config.instance_arn] : all.map(instanceOf))];
  const sets = [...new Set(all.map(({ permission_set_arn: set }) => set))];
  const accounts = [...new Set(all.map(({ account_id: account }) => `arn:aws:sso:::account/${account}`))];
  const store = `arn:aws:identitystore::*:identitystore/${config?.identity_store_id ?? '*'}`;
  const statements = [
    statement('AssignAndTakeAway', CHANGES, [...instances, ...sets, ...accounts]),
    statement('FollowAndLook', LOOKS, [...instances, ...sets]),
    statement('FindPeople', PEOPLE, [store, 'arn:aws:identitystore:::user/*']),
  ];
  const text = `${HEADING}data "aws_iam_policy_document" "latchkey" {\n${statements.join('')}}\n${POLICY}`;
  return { text, version: null, notes: NOTES };
};
