/** What GitHub is sent: Markdown of people's own words, in which nothing links, mentions or hides. */
import { formatDuration } from '../../domain/time/durations.ts';
import { TURNS } from '../../lib/printable.ts';
import type { RequestView } from '../record/request-view.ts';

/** The most that GitHub takes. */
const COMMENT_MAX = 1024;
const REASON_MAX = 500;

const UNSEEN = new RegExp(`[\\p{Cc}\\u2028\\u2029${TURNS}]+`, 'gu');

type Write = (text: string) => string;

/** For the title of a check, which is no Markdown: an escape would be seen there. */
const unstyled: Write = (text) => text.replaceAll(UNSEEN, ' ').trim();

/** Characters that mean something in Markdown or HTML; `@` and `#` would mention and link. */
export const plain = (text: string): string =>
  unstyled(text)
    .replaceAll(/[\\`*_{}[\]<>()#+!|~&]/g, String.raw`\$&`)
    .replaceAll('@', '@\u200B');

export const cutTo = (text: string, max: number): string => (text.length > max ? `${text.slice(0, max - 1)}…` : text);

const quoted = (text: string | null): string => (text ? `\n> ${cutTo(plain(text), REASON_MAX)}` : '');

const linked = (url: string | null): string => (url === null ? '' : `\n\n[The request in Slack](${url})`);

const names = (people: readonly string[], write: Write): string => people.map(write).join(' and ');

/** `Olga agreed` … or the rule, where it needs no approver. */
const approvedBy = ({ votes, request, decidedBy }: RequestView, write: Write): string => {
  const agreed = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter.name);
  const who = agreed.length > 0 ? agreed : decidedBy ? [decidedBy.name] : [];
  const rule = request.rule === null ? '' : `the rule “${write(request.rule)}”`;
  if (who.length === 0) return `Approved by ${rule || 'Latchkey'}.`;
  return `Approved by ${names(who, write)}${rule && `, by ${rule}`}.`;
};

const reasonsOf = ({ votes }: RequestView): string =>
  votes
    .filter(({ kind, reason }) => kind === 'approve' && reason)
    .map(({ reason }) => quoted(reason))
    .join('');

const deniedBy = ({ votes, decision, decidedBy, request }: RequestView, write: Write): string => {
  const name = votes.find(({ kind }) => kind === 'deny')?.voter.name ?? decidedBy?.name ?? null;
  if (name === null) return `Denied by the rule “${write(decision?.rule ?? request.rule ?? '')}”.`;
  return `Denied by ${write(name)}.`;
};

const denialReason = ({ votes, decision }: RequestView): string =>
  quoted(votes.find(({ kind }) => kind === 'deny')?.reason ?? decision?.reason ?? null);

export type Said = { state: 'approved' | 'rejected' | null; title: string; text: string };

const pendingFor = ({ request }: RequestView): string =>
  formatDuration(request.lapsesAt.getTime() - request.createdAt.getTime());

/** `waitingFor`: who may decide it, while it waits. */
export const saidOf = (
  view: RequestView,
  { link, waitingFor }: { link: string | null; waitingFor: readonly string[] },
): Said => {
  const { request } = view;
  const end = linked(link);
  const say = (state: Said['state'], title: string, text = title): Said => ({
    state,
    title,
    text: cutTo(text, COMMENT_MAX - end.length) + end,
  });
  const waits = (write: Write): string =>
    waitingFor.length > 0 ? `Waiting for ${names(waitingFor, write)}` : 'Waiting for a decision in Slack';
  if (request.state === 'pending') return say(null, waits(unstyled), waits(plain));
  if (request.state === 'approved')
    return say('approved', approvedBy(view, unstyled), `${approvedBy(view, plain)}${reasonsOf(view)}`);
  if (request.state === 'denied')
    return say('rejected', deniedBy(view, unstyled), `${deniedBy(view, plain)}${denialReason(view)}`);
  if (request.state === 'lapsed') return say('rejected', `Not decided within ${pendingFor(view)}.`);
  const { cancelReason } = request;
  return say('rejected', 'Cancelled.', `Cancelled.${quoted(cancelReason)}`);
};
