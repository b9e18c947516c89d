/** What may be left in an account by the holder of a session. Identities and other roles are denied to every session; this is what is not. */
type Risk = { actions: readonly string[]; sentence: string };

const RISKS: readonly Risk[] = [
  {
    actions: [
      'lambda:CreateFunction',
      'lambda:UpdateFunctionCode',
      'ec2:RunInstances',
      'ecs:RunTask',
      'ssm:SendCommand',
    ],
    sentence:
      'Code that was started on machines, in functions or in tasks goes on after the end, with the role of that machine.',
  },
  {
    actions: ['ssm:StartSession', 'ec2-instance-connect:SendSSHPublicKey'],
    sentence: 'What was left on a machine that was entered stays there.',
  },
  {
    actions: [
      's3:PutBucketPolicy',
      'kms:CreateGrant',
      'kms:PutKeyPolicy',
      'lambda:AddPermission',
      'sqs:AddPermission',
      'ec2:ModifySnapshotAttribute',
      'ram:CreateResourceShare',
      'ram:AssociateResourceShare',
    ],
    sentence: 'Data that was shared with another account or person stays shared.',
  },
  {
    actions: ['eks:CreateAccessEntry', 'eks:AssociateAccessPolicy'],
    sentence: 'Another identity that was let into a Kubernetes cluster stays in it.',
  },
  {
    actions: ['secretsmanager:GetSecretValue', 'ssm:GetParameter', 'rds-db:connect'],
    sentence: 'Passwords that were read, and connections to databases that are open, work on.',
  },
];

export const RISK_ACTIONS: readonly string[] = RISKS.flatMap(({ actions }) => actions);

export const remainsOf = (allowed: ReadonlySet<string>): string[] =>
  RISKS.filter(({ actions }) => actions.some((action) => allowed.has(action))).map(({ sentence }) => sentence);
