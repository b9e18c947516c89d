/** Who works at Acme, the pretend company: enough people that every step of Latchkey has somebody to do it. */
import type { ChannelInput, PersonInput, UsergroupInput } from '../slack/config.ts';

const person = (
  id: string,
  name: string,
  more: { realName: string; title: string; tz?: string; isAdmin?: boolean },
): PersonInput => ({
  id,
  name,
  email: `${name}@acme.test`,
  tz: 'Europe/Berlin',
  displayName: more.realName,
  ...more,
});

export const PEOPLE: PersonInput[] = [
  person('U0ANA', 'ana', { realName: 'Ana Kovač', title: 'Engineer' }),
  person('U0DANA', 'dana', { realName: 'Dana Brandt', title: 'Database owner' }),
  person('U0BEN', 'ben', { realName: 'Ben Aydin', title: 'Head of platform' }),
  person('U0OMAR', 'omar', { realName: 'Omar Haddad', title: 'SRE', tz: 'Europe/Lisbon' }),
  person('U0KIM', 'kim', { realName: 'Kim Tanaka', title: 'On call', tz: 'America/New_York' }),
  person('U0SAM', 'sam', { realName: 'Sam Okafor', title: 'Security', isAdmin: true }),
  person('U0ADA', 'ada', { realName: 'Ada Lindqvist', title: 'Auditor' }),
  person('U0FIONA', 'fiona', { realName: 'Fiona Byrne', title: 'Finance owner', tz: 'Europe/Dublin' }),
];

const EVERYONE = PEOPLE.map(({ name }) => name);

export const CHANNELS: ChannelInput[] = [
  {
    id: 'C0GENERAL',
    name: 'general',
    topic: 'Everything at Acme',
    purpose: 'Announcements and chatter',
    members: EVERYONE,
  },
  {
    id: 'C0ACCESS',
    name: 'prod-access',
    topic: 'Who needs to get into production, and who lets them',
    purpose: 'Requests for production access',
    members: ['bot', ...EVERYONE],
  },
  {
    id: 'C0SECURITY',
    name: 'security',
    isPrivate: true,
    topic: 'Break-glass and reviews land here',
    members: ['sam', 'ada', 'omar', 'bot'],
  },
];

export const USERGROUPS: UsergroupInput[] = [
  { id: 'S0SRE', handle: 'sre', name: 'SRE', members: ['omar', 'kim'] },
  { id: 'S0ONCALL', handle: 'on-call', name: 'On call', members: ['kim'] },
];

/** What was said before the story begins, in #general. */
export const FIRST_WORDS: readonly { who: string; text: string }[] = [
  { who: 'sam', text: 'Reminder: request production access with `/prod-access` now. The old shared password is gone.' },
  {
    who: 'kim',
    text: 'Support asks about order 1183: the customer has paid, and nothing was shipped. <@U0ANA>, can you look?',
  },
  { who: 'ana', text: 'On it. I need to look into the orders database for that.' },
];
