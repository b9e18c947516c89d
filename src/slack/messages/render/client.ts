/** What is shown of a client in place of a person: which machine it is, and the job that requests. */
import { jobFacts } from '../../../domain/principals/job-words.ts';
import type { Requester } from '../../../domain/principals/requester.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { MessageFacts } from './facts.ts';
import { CONTEXT_TEXT_MAX, MESSAGE_TEXT_MAX, REASON_SHOWN_MAX, SECTION_TEXT_MAX } from './limits.ts';
import {
  changeLines,
  escalation,
  howLongInAll,
  mark,
  status,
  ticket,
  votesBeside,
  what,
  whoIsAsked,
} from './phrases.ts';
import { context, cut, escape, inline, mention, quote, section } from './text.ts';
import type { Message } from './text.ts';

const FACT_MAX = 120;
const SHORT_MAX = 60;

/** Anything but http and https is no link, and nothing in it closes the link early. */
const linkTo = (url: string | null, text: string): string | null => {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  return `<${escape(href).replaceAll('|', '%7C')}|${text}>`;
};

/** `Repository *acme/api* · Workflow *deploy* · … · Open the run`; null for a person. */
export const jobLine = (requester: Requester): string | null => {
  if (requester.kind === 'person') return null;
  const facts = jobFacts(requester.job).map(
    ({ label, text }) => `${label} *${inline(text, FACT_MAX).replaceAll('*', '∗')}*`,
  );
  return [...facts, linkTo(requester.job.runUrl, 'Open the run')].filter((part) => part !== null).join(' · ');
};

/** For lists: the person, or the client with what tells its jobs apart. */
export const whoRequests = (requester: Requester): string => {
  if (requester.kind === 'person') return mention(requester);
  const { job } = requester;
  const link = linkTo(job.runUrl, 'run');
  const short = [job.repository, job.ref, job.sha.slice(0, 7), job.actor].filter((text) => text !== '');
  const parts = [...short.map((text) => inline(text, SHORT_MAX)), ...(link ? [link] : [])];
  return parts.length > 0 ? `${mention(requester)} (${parts.join(' · ')})` : mention(requester);
};

/** In the client's channel, in place of all that a person is written by direct message. One message, kept current to the end. */
export const clientMessage = (view: RequestView, facts: MessageFacts): Message => {
  const { requester, request } = view;
  const isOpen = request.state === 'pending';
  const heading = `${mark(view)} ${mention(requester)} requested ${what(view, facts)} for *${howLongInAll(view)}*.`;
  const small = [
    jobLine(requester),
    ticket(view),
    ...changeLines(view, facts),
    isOpen ? whoIsAsked(view, facts) : null,
    isOpen ? escalation(view, facts) : null,
    votesBeside(view, facts),
  ].filter((line) => line !== null);
  return {
    text: cut(`${mention(requester)}, ${what(view, facts)}: ${status(view)}`, MESSAGE_TEXT_MAX),
    blocks: [
      section(cut(`${heading}\n${status(view)}`, SECTION_TEXT_MAX)),
      section(quote(request.reason, REASON_SHOWN_MAX)),
      context(cut(small.join('\n'), CONTEXT_TEXT_MAX)),
    ],
  };
};
