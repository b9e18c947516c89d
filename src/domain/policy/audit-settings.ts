/** What the section `audit` of the policy says: where checkpoints are published, and who gets every event. */
import type { ReportPlan } from '../reports/plans.ts';

/** Where checkpoints are published. `key` is the verifier key of a witness, where it is known. */
export type Place =
  | { kind: 'slack'; channel: string }
  | { kind: 'file'; folder: string }
  | {
      kind: 's3';
      bucket: string;
      region: string;
      prefix: string;
      endpoint: string | null;
      lock: { mode: 'COMPLIANCE' | 'GOVERNANCE'; forMs: number } | null;
    }
  | { kind: 'git'; url: string; branch: string }
  | { kind: 'tsa'; url: string }
  | { kind: 'witness'; url: string; key: string | null };

export const SINKS_MAX = 10;

/** `secret`: the name of an environment variable. */
type HttpSink = {
  kind: 'webhook' | 'splunk_hec' | 'datadog' | 'elastic';
  url: string;
  secret: string;
  index: string | null;
};
/** `ca`: the name of an environment variable. */
type SyslogSink = { kind: 'syslog'; host: string; port: number; tls: boolean; ca: string | null };

/** The keys are those of AWS, from its own variables. */
type BucketSink = { kind: 's3'; bucket: string; region: string; prefix: string; endpoint: string | null };

type SinkFormat = 'native' | 'ocsf' | 'ecs' | 'cloudevents';

/** A program outside that gets every event. */
export type SinkSettings = { name: string; startsAt: 'now' | 'beginning' } & (
  | { format: SinkFormat; target: HttpSink }
  | { format: SinkFormat; target: BucketSink }
  | { format: 'cef'; target: SyslogSink }
);

/** `origin` is the log's name in everything that is signed; `retentionMs`: personal parts that are older are erased; null keeps them. */
export type AuditSettings = {
  origin: string;
  checkpointMs: number;
  publish: Place[];
  retentionMs: number | null;
  sinks: SinkSettings[];
  reports: ReportPlan[];
};
