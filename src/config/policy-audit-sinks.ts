/** The section `audit.sinks` of `latchkey.yml`: programs outside that get every event of the log. Secrets stand in the environment. */
import { isIPv6 } from 'node:net';
import { z } from 'zod';
import { SINKS_MAX } from '../domain/policy/audit-settings.ts';
import type { SinkSettings } from '../domain/policy/audit-settings.ts';
import { OWN_SECRETS } from '../lib/own-secrets.ts';
import { isLoopback } from '../lib/postgres-tls.ts';
import { address, DEFAULT_PREFIX, s3Bucket } from './policy-audit-places.ts';

const VARIABLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

const isOthersVariable = (text: string): boolean => {
  const name = VARIABLE.exec(text)?.[1] ?? '';
  const own: readonly string[] = OWN_SECRETS;
  return !own.includes(name) && !own.includes(name.replace(/_FILE$/, ''));
};

const secret = z
  .string('must be an environment variable, as "${SPLUNK_TOKEN}"')
  .regex(VARIABLE, 'must be an environment variable, as "${SPLUNK_TOKEN}": the file holds no secret')
  .refine(isOthersVariable, 'must not be a secret of Latchkey itself');

const index = z
  .string('must be the name of an index')
  .regex(/^[a-z0-9_][a-z0-9_.-]{0,99}$/, 'must be the name of an index');

const common = {
  format: z.enum(['native', 'ocsf', 'ecs', 'cloudevents'], 'must be native, ocsf, ecs or cloudevents').optional(),
  from: z.enum(['now', 'beginning'], 'must be now or beginning').optional(),
};

const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;

const host = z
  .string('must be the name or address of a machine')
  .refine(
    (text) => HOST.test(text) || isIPv6(text),
    'must be the name or address of a machine, as syslog.acme.test, without a port',
  );

const syslog = z
  .strictObject({
    host,
    port: z.int('must be a port from 1 to 65535').min(1, 'must be 1 or more').max(65_535, 'must be 65535 or less'),
    tls: z.boolean('must be true or false').optional(),
    ca: z
      .string('must be an environment variable, as "${SYSLOG_CA}"')
      .regex(
        VARIABLE,
        'must be an environment variable: write ca: "${SYSLOG_CA}", and set SYSLOG_CA_FILE to the path of the certificate',
      )
      .refine(isOthersVariable, 'must not be a secret of Latchkey itself')
      .optional(),
  })
  .refine(({ host: at, tls = true }) => tls || isLoopback(at), {
    path: ['tls'],
    error: 'must be true: without TLS everybody on the way reads along (false on loopback only)',
  })
  .refine(({ tls = true, ca }) => tls || ca === undefined, {
    path: ['ca'],
    error: 'is of no use without TLS; leave it out, or set tls: true',
  });

const s3 = z.strictObject(s3Bucket);

const sink = z.union(
  [
    z.strictObject({ ...common, webhook: z.strictObject({ url: address, key: secret }) }),
    z.strictObject({ ...common, splunk_hec: z.strictObject({ url: address, token: secret, index: index.optional() }) }),
    z.strictObject({ ...common, datadog: z.strictObject({ url: address, key: secret }) }),
    z.strictObject({ ...common, elastic: z.strictObject({ url: address, key: secret, index: index.optional() }) }),
    z.strictObject({ ...common, s3 }),
    z.strictObject({ from: common.from, format: z.literal('cef', 'must be cef').optional(), syslog }),
  ],
  'must be { webhook: { url, key } }, { splunk_hec: { url, token } }, { datadog: { url, key } }, { elastic: { url, key } }, { s3: { bucket, region } } or { syslog: { host, port } }; format: cef is for syslog, which has no other',
);

export const sinks = z
  .record(
    z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a name of small letters, digits and -'),
    sink,
    'must be sinks by name, as { siem: { splunk_hec: { url, token } } }',
  )
  .refine((all) => Object.keys(all).length <= SINKS_MAX, `are more than ${SINKS_MAX}`)
  .meta({ maxProperties: SINKS_MAX });

const DEFAULT_INDEX = 'latchkey-audit';

/** The name of the variable alone: its value is read where the sink is opened. */
const variableOf = (text: string): string => VARIABLE.exec(text)?.[1] ?? '';

type SyslogTarget = Extract<SinkSettings, { format: 'cef' }>['target'];
type HttpTarget = Exclude<SinkSettings['target'], { kind: 'syslog' | 's3' }>;

const syslogOf = ({ host: at, port, tls = true, ca }: z.infer<typeof syslog>): SyslogTarget => ({
  kind: 'syslog',
  host: at,
  port,
  tls,
  ca: ca === undefined ? null : variableOf(ca),
});

const bucketOf = ({ bucket, region, prefix = DEFAULT_PREFIX, endpoint }: z.infer<typeof s3>) => ({
  kind: 's3' as const,
  ...{ bucket, region, prefix },
  endpoint: endpoint ?? null,
});

const httpOf = (shape: Exclude<z.infer<typeof sink>, { syslog: object } | { s3: object }>): HttpTarget => {
  if ('webhook' in shape)
    return { kind: 'webhook', url: shape.webhook.url, secret: variableOf(shape.webhook.key), index: null };
  if ('splunk_hec' in shape) {
    const { url, token, index: into = null } = shape.splunk_hec;
    return { kind: 'splunk_hec', url, secret: variableOf(token), index: into };
  }
  if ('datadog' in shape)
    return { kind: 'datadog', url: shape.datadog.url, secret: variableOf(shape.datadog.key), index: null };
  const { url, key, index: into = DEFAULT_INDEX } = shape.elastic;
  return { kind: 'elastic', url, secret: variableOf(key), index: into };
};

export const sinksOf = (shape: z.infer<typeof sinks>): SinkSettings[] =>
  Object.entries(shape).map(([name, one]) => {
    const about = { name, startsAt: one.from ?? 'now' };
    if ('syslog' in one) return { ...about, format: 'cef', target: syslogOf(one.syslog) };
    const format = one.format ?? 'native';
    return 's3' in one ? { ...about, format, target: bucketOf(one.s3) } : { ...about, format, target: httpOf(one) };
  });
