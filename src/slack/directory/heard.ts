/** What events of Slack say is no longer so. Slack: docs.slack.dev/reference/events */
import { z } from 'zod';
import type { FactName, Facts } from '../../application/identity/fact-ports.ts';
import type { Log } from '../../lib/log.ts';
import { createRarely } from '../../lib/rarely.ts';

const ACCOUNT_EVENTS = ['user_change', 'user_profile_changed', 'team_join'];
const GROUP_EVENTS = ['subteam_created', 'subteam_updated', 'subteam_members_changed'];
/** In the order of the manifest. */
export const HEARD_EVENTS: readonly string[] = [...ACCOUNT_EVENTS, ...GROUP_EVENTS];

/** An event that is older says that the stream is late, and that others may be missing. */
export const LATE_MS = 5_000;

const PAY_EVERY_MS = 1_000;

/** `sentAtMs`: when it happened, as Slack says. `retryNum`: how often Slack has tried before. */
export type Arrival = { sentAtMs: number | null; retryNum: number };

export type HeardFacts = Facts & {
  /** Called with each event before anything else is done with it: what comes after it finds no older fact. */
  hear(event: unknown, arrival: Arrival): void;
  /** Slack says that it leaves events out, or none may have been heard. */
  missed(why: string): void;
  /** Whatever is noted now is noted before the next look. */
  after(noted: Promise<unknown>): void;
};

const callback = z.object({ event_time: z.number() });

/** Of an event as Bolt gives it; what is no event has no time. */
export const arrivalOf = (body: unknown, { retryNum = 0 }: { retryNum?: number | undefined }): Arrival => {
  const { event_time: seconds } = callback.safeParse(body).data ?? {};
  return { sentAtMs: seconds === undefined ? null : seconds * 1_000, retryNum };
};

const account = z.object({
  id: z.string(),
  profile: z
    .object({ email: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
});
const membersChanged = z.object({
  subteam_id: z.string(),
  date_previous_update: z.number(),
  date_update: z.number(),
});
const heard = z.object({ type: z.string(), user: z.unknown().optional() });

/** An address may move to this account from another one: what was read under it is forgotten too. */
const namesOf = (email: string | null | undefined): FactName[] =>
  email ? [...new Set([email, email.toLowerCase()])].map((key) => ({ kind: 'email', key })) : [];

type Noting = { facts: Facts; teamId: () => string };

const noteAccount = async ({ facts, teamId }: Noting, user: unknown): Promise<void> => {
  const { data } = account.safeParse(user);
  // Whose account it is cannot be said: it may be any.
  if (!data) return facts.distrust(teamId());
  await facts.forgetAccount(teamId(), data.id);
  const names = namesOf(data.profile?.email);
  if (names.length > 0) await facts.forget(teamId(), names);
};

const noteGroup = async ({ facts, teamId }: Noting, event: unknown): Promise<'next' | 'gap'> => {
  await facts.forget(teamId(), [{ kind: 'user_groups', key: 'all' }]);
  // `subteam_updated` comes with each of these and says nothing of the change before: noted, it would hide one that was not heard.
  const changed = membersChanged.safeParse(event).data;
  if (!changed) return 'next';
  const { subteam_id: groupId, date_previous_update: previousS, date_update: updatedS } = changed;
  return (await facts.isNextOf(teamId(), { groupId, previousS, updatedS })) ? 'next' : 'gap';
};

const isLate = ({ sentAtMs, retryNum }: Arrival): boolean =>
  retryNum > 0 || (sentAtMs !== null && Date.now() - sentAtMs > LATE_MS);

/** A change that could not be noted may be any: then nothing kept is trusted, as soon as that can be noted. */
const createDebt = ({ facts, teamId }: Noting, log: Log) => {
  let isOwed = false;
  const pay = async (): Promise<void> => {
    if (!isOwed) return;
    await facts.distrust(teamId());
    isOwed = false;
  };
  const payLater = (): void => {
    const timer = setTimeout(() => {
      pay().catch(() => payLater());
    }, PAY_EVERY_MS);
    timer.unref();
  };
  const owe = (error: unknown): void => {
    log.warn({ error: String(error) }, 'what an event of Slack changed was not noted; nothing read before it counts');
    if (!isOwed) payLater();
    isOwed = true;
  };
  return { owe, pay };
};

export const createHeardFacts = (facts: Facts, { teamId, log }: { teamId: () => string; log: Log }): HeardFacts => {
  const pending = new Set<Promise<unknown>>();
  const rarely = createRarely();
  const noting = { facts, teamId };
  const debt = createDebt(noting, log);
  const after = (noted: Promise<unknown>): void => {
    const done = noted.catch(debt.owe).finally(() => pending.delete(done));
    pending.add(done);
  };
  const missed = (why: string): void => {
    rarely(why, (leftOut) =>
      log.warn({ why, leftOut }, 'events of Slack were lost or late: what was read before is read again'),
    );
    after(facts.distrust(teamId()));
  };
  return {
    ...facts,
    find: async (...wanted) => {
      while (pending.size > 0) await Promise.all(pending);
      await debt.pay();
      return facts.find(...wanted);
    },
    hear: (event, arrival) => {
      const { type, user } = heard.safeParse(event).data ?? {};
      if (type === undefined) return;
      if (isLate(arrival)) missed(arrival.retryNum > 0 ? 'Slack had to send an event again' : 'an event came late');
      if (ACCOUNT_EVENTS.includes(type)) after(noteAccount(noting, user));
      if (GROUP_EVENTS.includes(type))
        after(
          noteGroup(noting, event).then((order) => {
            if (order === 'gap') missed('a change of a user group was not heard');
          }),
        );
    },
    missed,
    after,
  };
};
