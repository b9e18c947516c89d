/** What `latchkey doctor` has found, for people and for programs. */
import { oneLine } from '../../lib/printable.ts';
import { pluralize } from '../../lib/pluralize.ts';
import { programVersion } from '../../lib/version.ts';
import type { Check } from '../../compose/doctor/check.ts';

/** The documented shape of `--json`. `ok` is false with any error; warnings leave it true. */
export type Report = {
  ok: boolean;
  version: string;
  errors: number;
  warnings: number;
  checks: (Check & { ok: boolean })[];
};

export const reportOf = (checks: readonly Check[]): Report => {
  const count = (level: string): number =>
    checks.reduce((sum, { findings }) => sum + findings.filter((finding) => finding.level === level).length, 0);
  const [errors, warnings] = [count('error'), count('warning')];
  return {
    ok: errors === 0,
    version: programVersion(),
    errors,
    warnings,
    checks: checks.map((check) => ({ ...check, ok: check.findings.every(({ level }) => level !== 'error') })),
  };
};

const TITLES = {
  configuration: 'Configuration',
  slack: 'Slack',
  database: 'Postgres',
  redis: 'Redis',
  on_call: 'On call',
  address: 'Public address',
  audit: 'Audit log',
  issuers: 'Issuers',
  github: 'GitHub App',
  gitlab: 'GitLab',
  target: 'Target',
  clocks: 'Clocks',
} satisfies Record<Check['area'], string>;

const linesOf = ({ area, name, about, findings }: Check): string[] => {
  const title = area === 'target' ? `${TITLES.target} ${name}` : TITLES[area];
  const head = about === null ? title : `${title}: ${oneLine(about)}`;
  if (findings.length === 0) return [`${head}\n  ok`];
  const sorted = findings.toSorted((a, b) => a.level.localeCompare(b.level));
  return [[head, ...sorted.map(({ level, code, message }) => `  ${level}: ${oneLine(message)} [${code}]`)].join('\n')];
};

const verdict = ({ ok, errors, warnings, checks }: Report): string => {
  const also = warnings > 0 ? `, ${pluralize(warnings, 'warning')}` : '';
  if (ok) return `Ready: nothing stops people from getting in (${pluralize(checks.length, 'check')}${also}).`;
  return `Not ready: ${pluralize(errors, 'error')}${also}. Correct what is marked "error", then run this again.`;
};

export const reportText = (report: Report): string => [...report.checks.flatMap(linesOf), verdict(report)].join('\n\n');
