/** The list `audit.reports` of `latchkey.yml`: reports that are made by themselves, and whom they are delivered to. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { REPORT_CADENCES } from '../domain/reports/plans.ts';
import type { ReportPlan } from '../domain/reports/plans.ts';

const REPORTS_MAX = 20;
const RECIPIENTS_MAX = 50;
const EXAMPLE = '{ every: quarter, to: auditors }';

const ref = z
  .string('must be auditors, admins, a group, a person or a private channel as "#audit"')
  .min(1, 'is empty')
  .max(200, 'is too long');

const report = z
  .strictObject(
    {
      name: z
        .string('must be a name')
        .regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a name of small letters, digits and -')
        .optional(),
      every: z.enum(REPORT_CADENCES, `must be one of ${REPORT_CADENCES.join(', ')}`),
      to: z
        .union(
          [ref, z.array(ref).min(1).max(RECIPIENTS_MAX)],
          'must be auditors, admins, a group, a person or a private channel, or a list of them',
        )
        .optional(),
      folder: z
        .string('must be a folder')
        .refine(isAbsolute, 'must be the whole path of a folder, from / on')
        .optional(),
    },
    `must be as ${EXAMPLE}`,
  )
  .refine(
    ({ to, folder }) => to !== undefined || folder !== undefined,
    `goes nowhere; add to or folder, as ${EXAMPLE}`,
  );

const nameOf = ({ name, every }: { name?: string | undefined; every: string }): string => name ?? every;

export const reports = z
  .array(report, `must be a list of reports, as [${EXAMPLE}]`)
  .max(REPORTS_MAX, `has more than ${REPORTS_MAX} reports`)
  .refine(
    (all) => new Set(all.map(nameOf)).size === all.length,
    'has two reports of one name; give each a name, which is its period where it has none',
  );

export const reportsOf = (shapes: z.infer<typeof reports>): ReportPlan[] =>
  shapes.map((shape) => {
    const { every, to = [], folder = null } = shape;
    return { name: nameOf(shape), every, to: typeof to === 'string' ? [to] : to, folder };
  });
