/** What the Slack app may do, and which policy needs it. `manifest.yml` names these; `latchkey doctor` compares with what the token has. */
import type { Policy } from '../domain/policy/types.ts';

type Scope = {
  name: string;
  /** What does not work without it. */
  without: string;
  isNeeded: (policy: Policy) => boolean;
};

const always = (): boolean => true;
const hasIncidents = ({ incidents }: Policy): boolean => incidents !== null;
const hasGroup = (kind: string) => (policy: Policy) =>
  Object.values(policy.groups).some((group) => group.kind === kind);
const namesChannels = (policy: Policy): boolean =>
  hasIncidents(policy) ||
  Object.values(policy.targets).some(({ channel }) => channel !== null) ||
  (policy.breakGlass?.notify.some((ref) => ref.startsWith('#')) ?? false);

export const BOT_SCOPES: readonly Scope[] = [
  { name: 'commands', without: '/prod-access does nothing', isNeeded: always },
  { name: 'chat:write', without: 'no message can be sent', isNeeded: always },
  { name: 'users:read', without: 'no one can request or approve', isNeeded: always },
  { name: 'users:read.email', without: 'people named by email in the policy are not found', isNeeded: always },
  {
    name: 'users.profile:read',
    without: 'rules that need a manager refuse',
    isNeeded: ({ managerField }) => managerField !== null,
  },
  {
    name: 'usergroups:read',
    without: 'rules that need a Slack user group refuse',
    isNeeded: hasGroup('slack_usergroup'),
  },
  { name: 'channels:read', without: 'no channel of the policy is found', isNeeded: namesChannels },
  { name: 'groups:read', without: 'no private channel of the policy is found', isNeeded: namesChannels },
  {
    name: 'im:history',
    without: 'what people write to Latchkey in its direct message is not heard',
    isNeeded: () => false,
  },
  { name: 'channels:join', without: 'the bot enters no channel of an incident by itself', isNeeded: hasIncidents },
  { name: 'files:write', without: 'the timeline of an incident is not sent as a file', isNeeded: hasIncidents },
];

/** What an installation by OAuth wants of Slack. */
export const scopesFor = (policy: Policy): string[] =>
  [...BOT_SCOPES, ...TOOL_SCOPES.filter(({ isNeeded }) => isNeeded(policy))].map(({ name }) => name);

/** Only for `incidents.tool`, and only then needed: see the comments of `manifest.yml`. */
export const TOOL_SCOPES: readonly Scope[] = ['channels:history', 'groups:history'].map((name) => ({
  name,
  without: 'the words of the incident tool are not heard',
  isNeeded: ({ incidents }) => incidents !== null && incidents.tool !== null,
}));
