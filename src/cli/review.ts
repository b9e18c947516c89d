/** `latchkey review`: starts a review campaign of the policy, and says how far campaigns have come. */
import type { Command } from 'commander';
import { startCampaign } from '../application/reviews/start-campaign.ts';
import { demandAuditSettings, demandPolicyInForce } from '../compose/command-policy.ts';
import { commandDirectory } from '../compose/report.ts';
import { isDomainError } from '../domain/errors.ts';
import { linesCsv } from '../domain/reviews/lines-csv.ts';
import type { CampaignView } from '../domain/reviews/campaign.ts';
import { newId } from '../lib/ids.ts';
import { createLog } from '../lib/log.ts';
import { StartError } from '../lib/start-error.ts';
import { pluralize } from '../lib/pluralize.ts';
import { demandDatabase } from './database.ts';
import { withEvidenceOf } from './evidence.ts';
import { UsageError } from './exit.ts';
import { print, printJson } from './output.ts';
import { addAdviceCommand } from './review-advice.ts';

const NO_SLACK =
  'SLACK_BOT_TOKEN (or SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and SLACK_ENTERPRISE_ID) is not set, or Slack does not take it; a review needs to know who its reviewers are.';

const start = async (name: string, { json }: { json?: boolean }): Promise<void> => {
  const { policy, settings } = await demandPolicyInForce(demandDatabase());
  if (!policy.reviews.some((plan) => plan.name === name)) {
    const names = policy.reviews.map((plan) => `"${plan.name}"`).join(', ');
    throw new UsageError(`The policy has no review "${name}"; it has ${names || 'none: write a section reviews'}.`);
  }
  const started = await withEvidenceOf(settings, async (command) => {
    const directory = await commandDirectory(command, policy);
    if (!directory) throw new StartError(NO_SLACK);
    const deps = {
      store: command.store,
      directory,
      policy: () => policy,
      ids: { next: newId },
      log: createLog('silent'),
    };
    try {
      return await startCampaign(deps, { name });
    } catch (error) {
      if (!isDomainError(error)) throw error;
      throw new StartError(`The review was not started: ${error.code}.`, { cause: error });
    }
  });
  if (json) return printJson(started);
  if (started.outcome === 'started')
    return print(
      `The review "${name}" was started with ${pluralize(started.lines, 'line')}; its id is ${started.id}. Reviewers are notified while Latchkey runs.`,
    );
  print(
    started.outcome === 'empty'
      ? `The review "${name}" has no line now, so it was not started.`
      : `The review "${name}" was started before in this period; latchkey review status shows it.`,
  );
};

const SHOWN_MAX = 50;

const statusLine = ({ campaign, counts }: CampaignView): string => {
  const { id, name, period, state, dueAt, overdueAt } = campaign;
  const due = state === 'closed' ? 'closed' : overdueAt ? 'OVERDUE' : `due ${dueAt.toISOString().slice(0, 10)}`;
  return `${id}  ${name}, ${period}: ${due}; ${pluralize(counts.lines, 'line')}: ${counts.kept} keep, ${counts.toChange} change, ${counts.undecided} undecided`;
};

const status = async (id: string | undefined, { json, csv }: { json?: boolean; csv?: boolean }): Promise<void> => {
  await withEvidenceOf(await demandAuditSettings(), async ({ store }) => {
    if (id === undefined) {
      const all = await store.read.campaigns(SHOWN_MAX);
      if (json) return printJson(all);
      return print(all.length === 0 ? 'No review was started yet.' : all.map(statusLine).join('\n'));
    }
    const view = await store.read.campaign(id);
    if (!view) throw new StartError(`There is no review ${id}; latchkey review status lists them.`);
    const lines = await store.read.lines(id);
    if (csv) return void process.stdout.write(linesCsv(lines));
    if (json) return printJson({ ...view, lines });
    const shown = lines.map(({ position, subject, decision, decidedBy, note }) => {
      const by = decidedBy ? ` by ${decidedBy.name}` : decision ? ' by silence' : '';
      return `${position}. ${subject}: ${decision ?? 'undecided'}${by}${note ? `: ${note}` : ''}`;
    });
    print([statusLine(view), ...shown].join('\n'));
  });
};

export const addReviewCommands = (program: Command): void => {
  const review = program
    .command('review')
    .description('periodic reviews of roles, durations, break-glass, clients, approvers and admins');
  review
    .command('start <name>')
    .description('start a review of the policy now, once for each of its periods')
    .option('--json', 'print the facts as JSON')
    .action(start);
  review
    .command('status [id]')
    .description('say how far reviews have come; with an id, line by line')
    .option('--csv', 'write the lines of one review as CSV')
    .option('--json', 'print the facts as JSON')
    .action(status);
  addAdviceCommand(review);
};
