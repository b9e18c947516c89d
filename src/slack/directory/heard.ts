/** What events of Slack say is no longer so. Slack: docs.slack.dev/reference/events */
import type { FactName, Facts } from '../../application/identity/fact-ports.ts';
import type { Log } from '../../lib/log.ts';

const ACCOUNT_EVENTS = ['user_change', 'user_profile_changed', 'team_join'];
const GROUP_EVENTS = ['subteam_created', 'subteam_updated', 'subteam_members_changed'];
/** In the order of the manifest. */
export const HEARD_EVENTS: readonly string[] = [...ACCOUNT_EVENTS, ...GROUP_EVENTS];

export type HeardFacts = Facts & {
  /** Called with each event before anything else is done with it: what comes after it finds no older fact. */
  hear(event: unknown): void;
};

type Account = { id: string; email: string | null };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const accountIn = (user: unknown): Account | null => {
  if (!isObject(user) || typeof user['id'] !== 'string') return null;
  const { profile } = user;
  const email = isObject(profile) && typeof profile['email'] === 'string' ? profile['email'] : null;
  return { id: user['id'], email };
};

/** An address may move to this account from another one: what was read under it is forgotten too. */
const namesOf = ({ email }: Account): FactName[] =>
  email === null ? [] : [...new Set([email, email.toLowerCase()])].map((key) => ({ kind: 'email', key }));

export const createHeardFacts = (facts: Facts, { teamId, log }: { teamId: () => string; log: Log }): HeardFacts => {
  const pending = new Set<Promise<void>>();
  const forget = (work: () => Promise<void>): void => {
    const done = work()
      .catch((error: unknown) => log.warn({ error: String(error) }, 'what an event of Slack changed was not noted'))
      .finally(() => pending.delete(done));
    pending.add(done);
  };
  return {
    ...facts,
    find: async (...asked) => {
      if (pending.size > 0) await Promise.all(pending);
      return facts.find(...asked);
    },
    hear: (event) => {
      if (!isObject(event) || typeof event['type'] !== 'string') return;
      if (GROUP_EVENTS.includes(event['type']))
        forget(() => facts.forget(teamId(), [{ kind: 'user_groups', key: 'all' }]));
      const account = ACCOUNT_EVENTS.includes(event['type']) ? accountIn(event['user']) : null;
      if (!account) return;
      forget(async () => {
        await facts.forgetAccount(teamId(), account.id);
        const names = namesOf(account);
        if (names.length > 0) await facts.forget(teamId(), names);
      });
    },
  };
};
