/** An account of the stand-in with two roles, prepared by what Latchkey prints, and its one service as somebody with keys uses it. */
import { AwsV4Signer } from 'aws4fetch';
import { startAws, type Aws } from '../../../sandbox/src/aws/aws.ts';
import { ACCOUNT, addRole, addUser, newest } from '../../../sandbox/src/aws/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import type { Secret } from '../../../src/providers/provider.ts';

const REGION = 'eu-central-1';
const OWN = `arn:aws:iam::${ACCOUNT}:user/latchkey`;

export const roleArn = (name: string): string => `arn:aws:iam::${ACCOUNT}:role/${name}`;

export const allow = (actions: readonly string[], resources: readonly string[] = ['*']): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: resources }] });

const quotedIn = (block: string): string[] => [...block.matchAll(/"([^"]+)"/g)].map(([, text = '']) => text);

/** The statements of the policy for Latchkey's own identity, as Terraform would make them of what is printed. */
export const policyIn = (terraform: string, own: string): string => {
  const [, document = ''] = /data "aws_iam_policy_document" "latchkey" \{([^]*?)\n\}/.exec(terraform) ?? [];
  const statements = document
    .split('statement {')
    .slice(1)
    .map((block) => ({
      Effect: 'Allow',
      Action: quotedIn(/actions\s*= \[([^]*?)\]/.exec(block)?.[1] ?? ''),
      Resource: quotedIn(
        (/resources\s*= \[([^]*?)\]/.exec(block)?.[1] ?? '').replace('local.latchkey_identity', `"${own}"`),
      ),
    }));
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
};

export type Target = { api: Aws; config: Record<string, Json>; scopes: { read: Json; write: Json } };

export const scopeOf = (name: string, policy?: Json): Json => ({
  role_arn: roleArn(name),
  ...(policy !== undefined && { policy }),
});

const WRITE = ['orders:*', 'iam:*', 'sts:*'];

export const createTarget = async (): Promise<Target> => {
  const api = await startAws();
  const scopes = { read: scopeOf('read'), write: scopeOf('write') };
  const printed = await aws.prepare?.(null, scopes, { signal: new AbortController().signal });
  const { id, secret } = addUser(api.state, 'latchkey', policyIn(printed?.text ?? '', OWN));
  addRole(api.state, 'read', { trusts: OWN, base: allow(['orders:Read', 'sts:GetCallerIdentity']) });
  addRole(api.state, 'write', { trusts: OWN, base: allow(WRITE), maxSeconds: 43_200 });
  const credentials = { access_key_id: id, secret_access_key: secret };
  return { api, scopes, config: { region: REGION, mode: 'sts', endpoint: api.url, credentials } };
};

export type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken: string };

export const keysIn = (secret: Secret | undefined): Keys => {
  const of = (env: string): string => secret?.fields.find((field) => field.env === env)?.value ?? '';
  return {
    accessKeyId: of('AWS_ACCESS_KEY_ID'),
    secretAccessKey: of('AWS_SECRET_ACCESS_KEY'),
    sessionToken: of('AWS_SESSION_TOKEN'),
  };
};

type Call = { method: 'GET' | 'PUT' | 'POST'; path: string; service: string; body?: string };

/** As a client of AWS does it, with its own signer. */
export const callWith = async (api: Aws, keys: Keys, { method, path, service, body }: Call): Promise<string> => {
  const url = `${api.url}${path}`;
  const region = service === 'iam' ? 'us-east-1' : REGION;
  const headers = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const signer = new AwsV4Signer({
    method,
    url,
    service,
    region,
    headers,
    ...keys,
    ...(body !== undefined && { body }),
  });
  const signed = await signer.sign();
  const answer = await fetch(url, { method, headers: signed.headers, ...(body !== undefined && { body }) });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(/<Code>(\w+)</.exec(text)?.[1] ?? `status ${answer.status}`);
  return text;
};

export const form = (action: string, params: Record<string, string> = {}, service = 'sts'): Call => ({
  method: 'POST',
  path: '/',
  service,
  body: new URLSearchParams({
    Action: action,
    Version: service === 'iam' ? '2010-05-08' : '2011-06-15',
    ...params,
  }).toString(),
});

export const ORDERS = '/data/orders';

/** Policies of Latchkey in a role, by name. */
export const marksIn = ({ state }: Aws, role: string): Map<string, string> =>
  new Map(
    [...(state.roles.get(role)?.inline.keys() ?? [])].flatMap((name): [string, string][] => {
      const found = state.roles.get(role);
      const text = found && newest(found, name);
      return text && name.startsWith('latchkey-') ? [[name, text]] : [];
    }),
  );
