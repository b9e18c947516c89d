/** `/prod-access report <period>`: the compliance report, for auditors and admins, by direct message. */
import type { DeliveredReport } from '../../../application/reports/report-for.ts';
import { PERIOD_FORMS, parsePeriod } from '../../../domain/reports/period.ts';
import type { Period } from '../../../domain/reports/period.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { StartError } from '../../../lib/start-error.ts';
import { sendPrivately } from '../../messages/send-privately.ts';
import { inline } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import type { CommandCall, Reply } from '../context.ts';
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

const QUARTER_MONTHS = 3;

/** `2026-Q3`: the one that is over since the least time. */
const lastQuarter = (now: Date): string => {
  const quarter = Math.floor(now.getUTCMonth() / QUARTER_MONTHS);
  return quarter === 0 ? `${now.getUTCFullYear() - 1}-Q4` : `${now.getUTCFullYear()}-Q${quarter}`;
};

const whichPeriod = (word: string): Reply => {
  const last = `${NAME} ${lastQuarter(new Date())}`;
  const wrong = word === '' ? 'Name a period' : `${code(word)} is not a period`;
  return answerWith(
    `${wrong}: ${typed(last)}. It may be ${PERIOD_FORMS}.`,
    sayButtons([{ line: last, label: 'Last quarter' }]),
  );
};

export const report: Command = {
  name: NAME,
  usage: `${NAME} <period>`,
  does: 'get the report of a quarter, month or year as files',
  audience: 'auditors',
  run: async (call) => {
    const period = parsePeriod(call.text);
    if (!period) return call.reply(whichPeriod(call.text.trim()));
    const made = await make(call, period);
    if (!made) return;
    await send(call, made);
    await call.reply({ text: `The report of ${code(period.label)} is in your direct messages with Latchkey.` });
  },
};
