/** What an operator writes about AWS, what a role gives there, and what is kept of a grant. */
import { z } from 'zod';
import { isLocalHttp } from '../../lib/local-http.ts';
import { LONGEST_POLICY, policyProblem, sessionPolicyText } from './session-policy.ts';

const ROLE_ARN = /^arn:(aws|aws-cn|aws-us-gov):iam::(\d{12}):role\/((?:[!-.0-~]+\/)*)([\w+=,.@-]{1,64})$/;
const INSTANCE_ARN = /^arn:aws[\w-]*:sso:::instance\/(ssoins-[\w-]{16})$/;
const PERMISSION_SET_ARN = /^arn:aws[\w-]*:sso:::permissionSet\/(ssoins-[\w-]{16})\/ps-[\w-]{16}$/;
const STORE_ID = /^d-[0-9a-f]{10}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const SESSION_ACCESS_KEY = /^ASIA/;

const roleArnField = z
  .string('must be the ARN of a role')
  .regex(ROLE_ARN, 'must be the ARN of a role, such as arn:aws:iam::123456789012:role/prod-read');

const isAddress = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return !url.username && !url.hash && (url.protocol === 'https:' || isLocalHttp(url));
};

/** Plain http there leaves the machine no further than its host. */
const METADATA_HOSTS = ['169.254.169.254', '169.254.170.2', '169.254.170.23', '[fd00:ec2::254]', '[fd00:ec2::23]'];
const metadataField = (example: string): z.ZodString =>
  z
    .string(`must be an address such as ${example}`)
    .refine(
      (text) => isAddress(text) || (URL.canParse(text) && METADATA_HOSTS.includes(new URL(text).hostname)),
      `must be an address such as ${example}: with http:// only one of this machine or of AWS itself`,
    );

const fileField = z.string('must be the path of a file').startsWith('/', 'must be the whole path of a file');

const keys = z.strictObject({
  access_key_id: z.string('must be an access key').regex(/^[A-Z0-9]{16,128}$/, 'must be an access key'),
  secret_access_key: z.string('must be a secret key').min(16, 'must be a secret key'),
  session_token: z.string('must be a session token').min(1).optional(),
});
const webIdentity = z.strictObject({ web_identity_token_file: fileField, role_arn: roleArnField });
const container = z.strictObject({
  container: metadataField('http://169.254.170.2/v2/credentials/…'),
  token_file: fileField.optional(),
});
const instance = z.strictObject({ instance: metadataField('http://169.254.169.254') });

const credentialsField = z.union(
  [keys, webIdentity, container, instance],
  'must be { access_key_id, secret_access_key }, { web_identity_token_file, role_arn }, { container } or { instance }',
);
export type CredentialsConfig = z.infer<typeof credentialsField>;

const common = {
  region: z
    .string('must be a region')
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'must be the code of a region, such as eu-central-1'),
  credentials: credentialsField,
  /** Latchkey's own role in the account of the target, entered first. */
  assume: z.strictObject({ role_arn: roleArnField, external_id: z.string().min(2).max(1224).optional() }).optional(),
  /** In place of the addresses of AWS: for a proxy of one's own, or a stand-in. */
  endpoint: z
    .string('must be an address')
    .refine(isAddress, 'must start with https:// (http:// is for this machine only)')
    .optional(),
};

export const sessionConfig = z.strictObject({ ...common, mode: z.literal('sts') });
export type SessionConfig = z.infer<typeof sessionConfig>;

export const centerConfig = z.strictObject({
  ...common,
  mode: z.literal('identity-center'),
  instance_arn: z
    .string('must be the ARN of the instance')
    .regex(INSTANCE_ARN, 'must be the ARN of the instance, such as arn:aws:sso:::instance/ssoins-1234567890abcdef'),
  identity_store_id: z
    .string('must be the ID of the identity store')
    .regex(STORE_ID, 'must be the ID of the identity store, such as d-1234567890'),
});
export type CenterConfig = z.infer<typeof centerConfig>;

/** What a client needs of either. */
export type Config = Omit<SessionConfig, 'mode'>;

export const sessionScope = z
  .strictObject({
    role_arn: roleArnField,
    /** A session policy: the session may do what the role and this both allow. */
    policy: z.record(z.string(), z.json()).optional(),
  })
  .superRefine(({ policy }, ctx) => {
    const wrong = policy === undefined ? null : policyProblem(policy);
    if (wrong !== null) return ctx.addIssue({ code: 'custom', path: ['policy'], message: wrong });
    const { length } = sessionPolicyText(policy);
    if (length <= LONGEST_POLICY) return;
    const message = `is too long: with what Latchkey always denies it has ${length} characters, and AWS takes ${LONGEST_POLICY}`;
    ctx.addIssue({ code: 'custom', path: ['policy'], message });
  });
export type SessionScope = z.infer<typeof sessionScope>;

export const centerScope = z.strictObject({
  permission_set_arn: z
    .string('must be the ARN of a permission set')
    .regex(
      PERMISSION_SET_ARN,
      'must be the ARN of a permission set, such as arn:aws:sso:::permissionSet/ssoins-1234567890abcdef/ps-1234567890abcdef',
    ),
  account_id: z
    .string('must be the ID of an account, in quotes')
    .regex(/^\d{12}$/, 'must be the 12 digits of an account'),
});
export type CenterScope = z.infer<typeof centerScope>;

/** `name`: of the inline policy in the role that ends the session. */
export const sessionHandle = z.strictObject({ role_arn: z.string(), name: z.string() });
export type SessionHandle = z.infer<typeof sessionHandle>;

export type Role = { arn: string; partition: string; account: string; name: string };

export const roleOf = (arn: string): Role => {
  const [, partition = 'aws', account = '', , name = ''] = ROLE_ARN.exec(arn) ?? [];
  return { arn, partition, account, name };
};

/** Whose session is a role's own: then one that is assumed from it is chained, and lasts an hour at most. */
export const isChained = ({ credentials, assume }: Config): boolean =>
  assume !== undefined || !('access_key_id' in credentials) || SESSION_ACCESS_KEY.test(credentials.access_key_id);

export const instanceOf = ({ permission_set_arn: set }: CenterScope): string =>
  set.replace(/permissionSet\/([^/]+)\/.*$/, 'instance/$1');

/** A permission set is of one instance, and no other knows it. */
export const isOfInstance = ({ instance_arn: instance }: CenterConfig, scope: CenterScope): boolean =>
  instanceOf(scope) === instance;
