/** `/prod-access report <period>`: the compliance report, for auditors and admins, by direct message. */
import type { DeliveredReport } from '../../../application/reports/report-for.ts';
import { PERIOD_FORMS, parsePeriod } from '../../../domain/reports/period.ts';
import type { Period } from '../../../domain/reports/period.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { StartError } from '../../../lib/start-error.ts';
import { sendPrivately } from '../../messages/send-privately.ts';
import { inline } from '../../messages/render/text.ts';
import type { CommandCall } from '../context.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const NAME = 'report';
const REASON_MAX = 1_000;

const textOf = ({ report }: DeliveredReport): string => {
  const { period, totals } = report;
  const unanswered = totals.exceptions.reduce((sum, one) => sum + one.unanswered, 0);
  const wrong = totals.controls.filter(({ agrees }) => !agrees).length;
  return [
    `*Access report ${period.label}*: ${pluralize(totals.rows, 'request')}, ${pluralize(totals.flow.activated, 'grant')} became active, ${pluralize(unanswered, 'exception')} without an answer.`,
    ...(wrong > 0 ? [`${pluralize(wrong, 'control total')} do not agree: see the cover.`] : []),
    ...(period.isOver ? [] : ['The period is not over yet.']),
    'Keep the six files together: `manifest.note` signs them.',
  ].join('\n');
};

const send = async (call: CommandCall, made: DeliveredReport): Promise<void> => {
  try {
    await sendPrivately(call.slack.client, {
      userId: call.userId,
      text: textOf(made),
      files: made.files.map(({ name, path }) => ({ filename: name, title: name, file: path })),
    });
  } finally {
    await made.discard();
  }
};

const make = async (call: CommandCall, period: Period): Promise<DeliveredReport | null> => {
  try {
    return await call.slack.useCases.reportFor({ userId: call.userId, period });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    await call.reply({ text: `No report was made. ${inline(error.message, REASON_MAX)}` });
    return null;
  }
};

export const report: Command = {
  name: NAME,
  usage: `${NAME} <period>`,
  does: 'get the report of a quarter, month or year as files',
  audience: 'auditors',
  run: async (call) => {
    const period = parsePeriod(call.text);
    if (!period)
      return call.reply({
        text: `${call.text.trim() === '' ? 'Name a period' : `${code(call.text.trim())} is not a period`}: ${typed(`${NAME} 2026-Q3`)}. It may be ${PERIOD_FORMS}.`,
      });
    const made = await make(call, period);
    if (!made) return;
    await send(call, made);
    await call.reply({ text: `The report of ${code(period.label)} is in your direct messages with Latchkey.` });
  },
};
