/** Compares what Slack shows of incidents with what the database says. Only when all is quiet: nothing is live any more. */
import type { Message } from '../../sandbox/src/slack/types.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';

type Copy = {
  id: string;
  state: 'open' | 'closed';
  name: string;
  kind: 'prompt' | 'closing' | 'timeline';
  channel: string;
  ts: string;
  isNewest: boolean;
  pending: number;
};

const OPENINGS = `(select count(*)::int from incident_history h where h.incident_id = i.id and h.type in ('incident.opened', 'incident.reopened'))`;
const CLOSINGS = `(select count(*)::int from incident_history h where h.incident_id = i.id and h.type = 'incident.closed')`;
const PENDING = `(select count(*)::int from requests r where r.incident_id = i.id and r.state = 'pending')`;

/** What stands in an archived channel cannot be changed any more. */
const COPIES = `select i.id, i.state, i.channel_name as name, m.kind, m.channel, m.ts, ${PENDING} as pending,
    case m.kind when 'prompt' then m.part = ${OPENINGS} - 1 else m.part = ${CLOSINGS} end as "isNewest"
  from messages m join incidents i on m.subject_kind = 'incident' and i.id = m.subject_id
  where m.ts is not null and m.failure is null and m.kind in ('prompt', 'closing', 'timeline')
    and not (i.is_archived and m.audience = i.channel_id)`;

type Claim = { kind: Copy['kind']; words: string; isTrue: (copy: Copy) => boolean };

/** Words that may stand in an incident's message only where this is so; nobody has access any more. */
const CLAIMS: Claim[] = [
  { kind: 'prompt', words: 'Open since', isTrue: ({ state }) => state === 'open' },
  { kind: 'prompt', words: 'is closed', isTrue: ({ state }) => state === 'closed' },
  { kind: 'prompt', words: '"incident_read"', isTrue: ({ state }) => state === 'open' },
  { kind: 'prompt', words: '*Waits for approval*', isTrue: ({ state, pending }) => state === 'open' && pending > 0 },
  { kind: 'prompt', words: '*Access ends at', isTrue: () => false },
  { kind: 'prompt', words: 'is being ended', isTrue: () => false },
  { kind: 'prompt', words: 'Who has access now', isTrue: () => false },
  { kind: 'prompt', words: '🟢 ', isTrue: () => false },
  { kind: 'closing', words: 'ends at', isTrue: () => false },
  { kind: 'closing', words: 'is being ended', isTrue: () => false },
  { kind: 'closing', words: '"keep_grant"', isTrue: () => false },
  { kind: 'closing', words: 'has ended', isTrue: ({ state }) => state === 'closed' },
  { kind: 'timeline', words: 'still active', isTrue: () => false },
  { kind: 'timeline', words: 'not ended yet', isTrue: () => false },
];

/** What the newest prompt must say. */
const DEMANDS = {
  open: 'No one has access through this incident.',
  closed: 'No one has access through this incident any more.',
};

const liesOf = (copy: Copy, message: Message): string[] => {
  const text = seen(message);
  const { id, kind, state, name, isNewest } = copy;
  const what = `the ${kind} of incident ${id} (#${name}, ${state})`;
  const lies = CLAIMS.filter((claim) => claim.kind === kind && text.includes(claim.words) && !claim.isTrue(copy)).map(
    ({ words }) => `${what} says ${words}`,
  );
  const isSilent = kind === 'prompt' && isNewest && !text.includes(DEMANDS[state]);
  return isSilent ? [...lies, `${what} does not say that no one has access`] : lies;
};

/** A timeline is owed where something was asked: in the channel, or elsewhere where somebody got in. An archived channel takes nothing. */
const UNTOLD = `select i.id, i.channel_name as name from incidents i
  where i.state = 'closed' and exists (select from requests r where r.incident_id = i.id)
    and not exists (select from messages m where m.subject_kind = 'incident' and m.subject_id = i.id and m.kind = 'timeline' and m.part = ${CLOSINGS}
      and (m.ts is not null or m.failure is not null))
    and (exists (select from grants g join requests r on r.id = g.request_id where r.incident_id = i.id)
      or (not i.is_archived and exists (select from messages m where m.subject_kind = 'incident' and m.subject_id = i.id and m.kind = 'prompt'
        and m.audience = i.channel_id and m.ts is not null and m.failure is null)))`;

/** Its prompt, or word to those on call and to admins of what is in the way. */
const UNPROMPTED = `select i.id, i.channel_name as name from incidents i
  where i.state = 'open' and not exists (select from messages m where m.subject_kind = 'incident' and m.subject_id = i.id and m.kind = 'prompt'
    and m.part = ${OPENINGS} - 1 and (m.ts is not null or m.failure is not null))`;

const OPEN = `select id, channel_name as name, channel_id as channel from incidents where state = 'open'`;

type Named = { id: string; name: string };

export const findIncidentLies = async (world: World): Promise<string[]> => {
  const { sql, slack } = world;
  const posted = new Map(
    [...slack.state.messages.values()].flat().map((message) => [`${message.channel} ${message.ts}`, message]),
  );
  const lies = (await sql<Copy>(COPIES)).flatMap((copy) => {
    const message = posted.get(`${copy.channel} ${copy.ts}`);
    return message ? liesOf(copy, message) : [`the ${copy.kind} of incident ${copy.id} is not in Slack`];
  });
  const untold = (await sql<Named>(UNTOLD)).map(({ id, name }) => `incident ${id} (#${name}) has no timeline`);
  const unprompted = (await sql<Named>(UNPROMPTED)).map(({ id, name }) => `incident ${id} (#${name}) has no message`);
  const forgotten = (await sql<Named & { channel: string }>(OPEN))
    .filter(({ channel }) => slack.state.channels.get(channel)?.isArchived)
    .map(({ id, name }) => `incident ${id} (#${name}) is open and its channel is archived`);
  return [...lies, ...untold, ...unprompted, ...forgotten];
};
