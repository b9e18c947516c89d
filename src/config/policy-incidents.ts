/** `incidents:` of the policy file: its values, and what is wrong with its patterns. */
import { parseDuration } from '../domain/time/durations.ts';
import { patternProblem } from '../domain/policy/safe-pattern.ts';
import type { Incidents } from '../domain/policy/types.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Report } from './report.ts';

const WARNING = '2m';
const WARNING_MAX_MS = 3_600_000;
const CLOSED = ['*-closed', '*-resolved'];

/** Three letters or digits in a row, or two beside a separator. */
const OWN_PART = /[\p{L}\p{N}]{3}|[\p{L}\p{N}]{2}[-_]|[-_][\p{L}\p{N}]{2}/u;

/** `*`, `?*`, `*-*`, `i*` and `in*` take in channels that are nobody's incident; `inc-*`, `p1-*` and `*-outage` have a part of their own. */
const isTooWide = (pattern: string): boolean =>
  /[*?]/.test(pattern) && !pattern.split(/[*?]/).some((part) => OWN_PART.test(part));

const pattern = (report: Report, key: string[], source: string | undefined): string | null => {
  if (source === undefined) return null;
  const problem = patternProblem(source);
  if (problem !== null)
    report.refuse('bad_pattern', ['incidents', ...key], `The pattern of ${key.join('.')} ${problem}.`);
  return source;
};

const checkWidth = (report: Report, patterns: readonly string[]): void => {
  for (const [index, one] of patterns.entries()) {
    if (!isTooWide(one)) continue;
    const message = `"${one}" would let anyone open an incident by making a channel; give it a beginning, such as "inc-*".`;
    report.refuse('incident_pattern_too_wide', ['incidents', 'channels', index], message);
  }
};

export const buildIncidents = ({ incidents: shape }: PolicyDocument, report: Report): Incidents | null => {
  if (!shape) return null;
  checkWidth(report, shape.channels);
  const warningMs = parseDuration(shape.warning ?? WARNING);
  if (warningMs > WARNING_MAX_MS)
    report.refuse('incident_warning_too_long', ['incidents', 'warning'], 'The warning may take an hour at most.');
  if (shape.tool && shape.tool.opens === undefined && shape.tool.closes === undefined)
    report.refuse(
      'useless_key',
      ['incidents', 'tool'],
      '"tool" needs opens, closes or both: patterns of its messages.',
    );
  return {
    channels: shape.channels,
    closed: shape.closed ?? CLOSED,
    targets: shape.targets ?? ['*'],
    concerns: shape.concerns ?? [],
    onClose: shape.on_close ?? 'end',
    warningMs,
    openBy: shape.open_by ?? null,
    keepBy: shape.keep_by ?? null,
    onCall: shape.on_call ?? null,
    severity: pattern(report, ['severity'], shape.severity),
    tool: shape.tool
      ? {
          users: shape.tool.users,
          opens: pattern(report, ['tool', 'opens'], shape.tool.opens),
          closes: pattern(report, ['tool', 'closes'], shape.tool.closes),
        }
      : null,
  };
};
