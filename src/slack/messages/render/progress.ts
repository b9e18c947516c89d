/** Who still must approve, and how far it has come: one line. */
import type { RequestView } from '../../../application/record/request-view.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { agreed, escalation, oneOf } from './phrases.ts';
import { date, sentenceList } from './text.ts';

type Needs = { label: string; count: number }[];

const sum = (needs: Needs): number => needs.reduce((total, { count }) => total + count, 0);

/** What is still missing, with those who may fill it; all of it where that could not be looked up. */
const waitedFor = ({ request }: RequestView, { eligible, missing }: MessageFacts): string[] =>
  (missing ?? request.requirements).map(({ label, count }) => {
    const known = eligible?.find((one) => one.label === label);
    return oneOf(known ? { ...known, count } : { label, count, people: [] });
  });

/** `*Waiting for approval* by one of owners (@dana)`, `*1 of 2:* @dana approved · waiting for one of sre (@omar)`. */
const howFar = (view: RequestView, facts: MessageFacts): string => {
  const { requirements, isInOrder } = view.request;
  const needed = sum(requirements);
  const got = Math.max(0, needed - sum(facts.missing ?? requirements));
  const waited = sentenceList(waitedFor(view, facts));
  const order = isInOrder && requirements.length > 1 ? ', in this order' : '';
  const so = agreed(view, facts);
  if (so !== null) return `*${got} of ${needed}:* ${so} · waiting for ${waited}${order}`;
  if (waited === '') return '*Waiting for approval*';
  return needed > 1 ? `*Waiting for ${needed} approvals:* ${waited}${order}` : `*Waiting for approval* by ${waited}`;
};

/** Of a request that waits. */
export const progress = (view: RequestView, facts: MessageFacts): string =>
  [howFar(view, facts), escalation(view, facts), `expires ${date(view.request.lapsesAt, view.now)}`]
    .filter((part) => part !== null)
    .join(' · ');
