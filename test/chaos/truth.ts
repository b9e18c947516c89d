/** Compares what Slack shows with what the database says. Only when all is quiet: a message is allowed to follow a moment later. */
import type { Message } from '../../sandbox/src/slack/types.ts';
import { seen } from '../support/world.ts';
import type { World } from '../support/world.ts';

type Row = {
  id: string;
  request: string;
  grant: string | null;
  outcome: string | null;
  kind: string;
  channel: string;
  ts: string;
};

/** Words that may stand in a message only in these states; `null` is a request without a grant. */
const CLAIMS: { words: string; isTrue: (row: Row) => boolean }[] = [
  { words: '*Waiting for approval*', isTrue: ({ request }) => request === 'pending' },
  { words: '"action_id":"approve"', isTrue: ({ request }) => request === 'pending' },
  { words: '*Active* until', isTrue: ({ grant }) => grant === 'active' },
  { words: '"action_id":"show_credentials"', isTrue: ({ grant }) => grant === 'active' },
  { words: '*Being ended*', isTrue: ({ grant }) => grant === 'ending' },
  { words: '*Ended*', isTrue: ({ grant }) => grant === 'closed' || grant === 'removed' },
  {
    words: 'no session is left, confirmed by the target',
    isTrue: ({ grant }) => grant === 'closed' || grant === 'removed',
  },
  { words: 'It was already gone', isTrue: ({ outcome }) => outcome === 'already_absent' },
  { words: '*Denied*', isTrue: ({ request }) => request === 'denied' },
  { words: '*Cancelled*', isTrue: ({ request }) => request === 'cancelled' },
];

const DRAWN = ['approval', 'requester', 'granted', 'outcome', 'stuck'];

const copies = ({ sql }: World): Promise<Row[]> =>
  sql<Row>(
    `select r.id, r.state as request, g.state as grant, g.end_outcome as outcome, m.kind, m.channel, m.ts from messages m
     join requests r on m.subject_kind = 'request' and r.id = m.subject_id left join grants g on g.request_id = r.id where m.ts is not null and m.kind = any($1)`,
    [DRAWN],
  );

/** The requester must hear how it came out, in their one message or in a new one; a requester who cancelled knows. */
const untold = async ({ sql }: World): Promise<string[]> => {
  const rows = await sql<{ id: string; state: string }>(
    `select r.id, coalesce(g.state, r.state) as state from requests r left join grants g on g.request_id = r.id
     where (g.state in ('closed', 'removed', 'failed') or r.state in ('denied', 'lapsed'))
       and not exists (select from messages m where m.subject_kind = 'request' and m.subject_id = r.id and m.kind in ('outcome', 'requester', 'granted') and m.ts is not null)`,
  );
  return rows.map(({ id, state }) => `request ${id} is ${state} and nobody told its owner`);
};

export const findLies = async (world: World): Promise<string[]> => {
  const posted = new Map<string, Message>();
  for (const message of [...world.slack.state.messages.values()].flat())
    posted.set(`${message.channel} ${message.ts}`, message);
  const lies = (await copies(world)).flatMap((row) => {
    const message = posted.get(`${row.channel} ${row.ts}`);
    if (!message) return [`the ${row.kind} of request ${row.id} is not in Slack`];
    const text = seen(message);
    const { request, grant } = row;
    return CLAIMS.filter(({ words, isTrue }) => text.includes(words) && !isTrue(row)).map(
      ({ words }) => `the ${row.kind} of request ${row.id} (${request}, ${grant}) says ${words}`,
    );
  });
  return [...lies, ...(await untold(world))];
};
