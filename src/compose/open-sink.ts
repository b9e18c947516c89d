/** A sink of the policy, with the secrets that it needs. */
import type { Outcome, Sink } from '../application/evidence/deliver-events.ts';
import { awsKeys } from '../config/aws-keys.ts';
import { readVariable } from '../config/variable.ts';
import type { Variables } from '../config/variable.ts';
import type { SealedRecord } from '../domain/audit/events.ts';
import type { SinkSettings } from '../domain/policy/audit-settings.ts';
import { caProblem, pemOf } from '../lib/certificates.ts';
import { DATADOG_OLDEST_MS, sendDatadog } from '../sinks/datadog.ts';
import { sendElastic } from '../sinks/elastic.ts';
import { factsOf } from '../sinks/formats/event.ts';
import { FORMATS } from '../sinks/formats/formats.ts';
import { S3_GATHERED, sendS3 } from '../sinks/s3.ts';
import { sendSplunk } from '../sinks/splunk-hec.ts';
import { sendSyslog } from '../sinks/syslog.ts';
import { sendWebhook, webhookKey } from '../sinks/webhook.ts';

const BATCH = 200;

type Send = Sink['send'];
type Opening<Of> = { settings: Of; origin: string; secret: string };
type Cef = Extract<SinkSettings, { format: 'cef' }>;
type ToBucket = Extract<SinkSettings, { target: { kind: 's3' } }>;
type Http = Exclude<SinkSettings, Cef | ToBucket>;

const failing =
  (why: string): Send =>
  () =>
    Promise.resolve<Outcome>({ kind: 'later', why, afterMs: null });

const httpSender = ({ settings, origin, secret }: Opening<Http>): Send => {
  const { url, kind, index } = settings.target;
  const body = (event: SealedRecord) => FORMATS[settings.format](factsOf(event), origin);
  if (kind === 'splunk_hec') return sendSplunk({ url, token: secret, index, source: origin }, body);
  if (kind === 'datadog') return sendDatadog({ url, key: secret, origin }, body);
  if (kind === 'elastic') return sendElastic({ url, key: secret, index: index ?? '' }, body);
  const key = webhookKey(secret);
  return key
    ? sendWebhook({ url, key }, (event) => JSON.stringify(body(event)))
    : failing(`${settings.target.secret} is no webhook key; write whsk_ and 32 random bytes in base64`);
};

const syslogSender = ({ settings, origin, secret }: Opening<Cef>): Send => {
  const { host, port, tls, ca: variable } = settings.target;
  const ca = variable === null ? null : pemOf(secret);
  const problem = ca === null ? null : caProblem(ca, `set ${variable}_FILE to it`);
  return problem === null ? sendSyslog({ host, port, tls, ca, origin }) : failing(`${variable} ${problem}`);
};

/** Empty where none is needed. */
const secretOf = ({ target }: Cef | Http, env: Variables): { value: string } | { problem: string } => {
  const name = target.kind === 'syslog' ? target.ca : target.secret;
  if (name === null) return { value: '' };
  const found = readVariable(env, name);
  if ('problem' in found) return found;
  return found.value === null ? { problem: `The environment variable ${name} is not set` } : { value: found.value };
};

const isToBucket = (settings: SinkSettings): settings is ToBucket => settings.target.kind === 's3';

const bucketSender = ({ target, format }: ToBucket, origin: string, env: Variables): Send =>
  sendS3({ ...target, keys: awsKeys(env) }, (event) => JSON.stringify(FORMATS[format](factsOf(event), origin)));

const senderOf = (settings: SinkSettings, origin: string, env: Variables): Send => {
  if (isToBucket(settings)) return bucketSender(settings, origin, env);
  const found = secretOf(settings, env);
  if ('problem' in found) return failing(found.problem);
  const rest = { origin, secret: found.value };
  return settings.format === 'cef' ? syslogSender({ settings, ...rest }) : httpSender({ settings, ...rest });
};

/** A secret that is missing is said where the sink's other failures are. */
export const openSink = (settings: SinkSettings, origin: string, env: Variables): Sink => {
  const { name, startsAt, target } = settings;
  return {
    name,
    startsAt,
    batch: target.kind === 'webhook' ? 1 : BATCH,
    gatherMs: 0,
    ...(target.kind === 's3' && S3_GATHERED),
    oldestMs: target.kind === 'datadog' ? DATADOG_OLDEST_MS : null,
    send: senderOf(settings, origin, env),
  };
};
