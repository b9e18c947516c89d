/** Sections of a report that are about the log as a whole, from its events. */
import type { Json } from '../../domain/json.ts';
import type { LogEvent } from '../../domain/reports/register.ts';
import type { PolicyVersion } from './report-types.ts';

/** What people do who administer, beside their votes. */
export const ADMINISTERED: readonly string[] = [
  'break_glass.allowed',
  'campaign.decided',
  'drift.decided',
  'email_binding.confirmed',
  'follow_up.closed',
  'pre_approval.given',
  'revocation.started',
];

export const LOG_EVENTS: readonly string[] = [
  ...ADMINISTERED,
  'policy.loaded',
  'policy.rejected',
  'checkpoint.refused',
  'key.added',
  'key.revoked',
  'drift.found',
  'drift.repaired',
  'revocation.finished',
  'campaign.overdue',
  'campaign.closed',
];

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);

const versionOf = (
  { at, data }: LogEvent,
  { isBefore, isFirst }: Pick<PolicyVersion, 'isBefore' | 'isFirst'>,
): PolicyVersion => {
  const { author, differences } = data;
  const by = typeof author === 'object' && author !== null && !Array.isArray(author) ? author : {};
  return {
    at,
    sha256: text(data['sha256']) ?? '',
    by: text(by['by']),
    revision: text(by['revision']),
    differences: Array.isArray(differences) ? differences.map(String) : [],
    isBefore,
    isFirst,
  };
};

/** The policy at the start of the period, and each that came into force in it. */
export const policiesOf = (before: LogEvent | null, events: readonly LogEvent[]): PolicyVersion[] => [
  ...(before ? [versionOf(before, { isBefore: true, isFirst: false })] : []),
  ...events
    .filter(({ type }) => type === 'policy.loaded')
    .map((event, index) => versionOf(event, { isBefore: false, isFirst: before === null && index === 0 })),
];
