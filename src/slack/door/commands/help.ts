/** `help`, made from the commands themselves: grouped, and only what the person may do. `help all` shows everything. */
import type { KnownBlock } from '@slack/types';
import type { Rights } from '../../../application/queries/my-rights.ts';
import { isDomainError } from '../../../domain/errors.ts';
import { actions } from '../../messages/render/buttons.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { context, cut, section } from '../../messages/render/text.ts';
import type { CommandCall, Slack } from '../context.ts';
import type { Audience, Command } from './command.ts';
import { code, COMMAND } from './command.ts';

const ALL: Rights = {
  isAdmin: true,
  isAuditor: true,
  mayApprove: true,
  mayBreakGlass: true,
  mayOverride: true,
  mayReview: true,
  hasIncidents: true,
  usesKeys: true,
  linksAccounts: true,
};

/** In the order in which they are shown; each command is in one of them. */
const GROUPS: readonly { title: string; audiences: readonly Audience[] }[] = [
  { title: 'Everyday', audiences: ['everyone', 'key holders', 'CI users'] },
  { title: 'Approving', audiences: ['approvers'] },
  {
    title: 'Incidents and break-glass',
    audiences: ['incident responders', 'break-glass users', 'freeze overriders', 'reviewers'],
  },
  { title: 'Owners, auditors and admins', audiences: ['owners', 'auditors', 'admins'] },
];

const mayBe = (rights: Rights): Record<Audience, boolean> => ({
  everyone: true,
  'key holders': rights.usesKeys,
  'CI users': rights.linksAccounts,
  approvers: rights.mayApprove || rights.isAdmin,
  'incident responders': rights.hasIncidents,
  'break-glass users': rights.mayBreakGlass,
  'freeze overriders': rights.mayOverride,
  reviewers: rights.mayReview || rights.isAdmin,
  owners: rights.mayApprove || rights.isAdmin,
  auditors: rights.isAuditor,
  admins: rights.isAdmin,
});

/** A target of this policy, so that the example works as it stands. */
const exampleOf = (slack: Slack): string => {
  const [target] = Object.values(slack.policy().targets);
  const [role] = Object.values(target?.roles ?? {});
  return target && role ? `${target.name} ${role.name}` : 'orders-db read';
};

const requestLines = (example: string): string[] => [
  `${code(`${example} 30m checkout errors OPS-12`)} request access: target, role, duration, reason, ticket`,
  `${code(`${example} 30m from 22:00 move the archive`)} the same, to start later`,
];

const BUTTONS = [
  { line: 'form', label: 'Request access', isFirst: true },
  { line: 'list', label: 'My access' },
  { line: 'extend', label: 'More time' },
  { line: 'done', label: 'Give back' },
];

/** An id is for who has one at hand: without it the command shows what there is. */
const short = (usage: string): string => usage.replace(/ \[id\]/, '');

type Shown = { commands: readonly Command[]; rights: Rights; lead: string | null };

const helpBlocks = (slack: Slack, { commands, rights, lead }: Shown): KnownBlock[] => {
  const isShort = rights !== ALL;
  const may = mayBe(rights);
  const groups = GROUPS.map(({ title, audiences }, at) => {
    const found = commands.filter(({ audience }) => audiences.includes(audience) && may[audience]);
    const lines = [
      ...(at === 0 ? requestLines(exampleOf(slack)) : []),
      ...found.map(({ usage, does }) => `${code(isShort ? short(usage) : usage)} ${does}`),
    ];
    return { title, lines };
  }).filter(({ lines }) => lines.length > 0);
  const intro = 'Production access for minutes: you request it, the right people approve, and it ends by itself.';
  return [
    section(cut([lead, intro].filter((line) => line !== null).join('\n'), SECTION_TEXT_MAX)),
    actions(...sayButtons(BUTTONS)),
    ...groups.map(({ title, lines }) => section(cut([`*${title}*`, ...lines].join('\n'), SECTION_TEXT_MAX))),
    context(
      `Type these after \`${COMMAND}\` anywhere, or alone in the Messages tab of Latchkey. \`${COMMAND} help all\` shows every command.`,
    ),
  ];
};

/** A help that waits for a look-up, or fails on one, helps nobody: then it shows everything. */
const rightsOf = async ({ slack, userId }: CommandCall): Promise<Rights> => {
  try {
    return await slack.useCases.myRights({ userId });
  } catch (error) {
    if (!isDomainError(error) || error.code === 'unknown_person') throw error;
    return ALL;
  }
};

export type GiveHelp = (call: CommandCall, lead: string | null) => Promise<void>;

export const createHelp = (others: readonly Command[]): { help: Command; giveHelp: GiveHelp } => {
  const show = async (call: CommandCall, shown: Pick<Shown, 'rights' | 'lead'>): Promise<void> => {
    const blocks = helpBlocks(call.slack, { ...shown, commands: [...others, help] });
    await call.reply({ text: shown.lead ?? 'What you can do with Latchkey', blocks });
  };
  const giveHelp: GiveHelp = async (call, lead) => show(call, { rights: await rightsOf(call), lead });
  const help: Command = {
    name: 'help',
    usage: 'help [all]',
    does: 'show what you can do; `all` shows every command',
    audience: 'everyone',
    run: (call) =>
      call.text.trim().toLowerCase() === 'all' ? show(call, { rights: ALL, lead: null }) : giveHelp(call, null),
  };
  return { help, giveHelp };
};
