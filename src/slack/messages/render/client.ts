/** What is shown of a client in place of a person: which machine it is, and the job that requests. */
import { STARTER, jobFacts } from '../../../domain/principals/job-words.ts';
import type { AlertOrigin, PullRequestOrigin } from '../../../domain/requests/origin.ts';
import type { Requester } from '../../../domain/principals/requester.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { liveBlocks } from './access-blocks.ts';
import { card, toneOf } from './card.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { CONTEXT_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { changeLines, howLongInAll, lasting, overrideLine, reason, what } from './phrases.ts';
import { mark, status, votesBeside } from './status.ts';
import { progress } from './progress.ts';
import { context, cut, escape, inline, mention, section } from './text.ts';
import type { Message } from './text.ts';

const FACT_MAX = 120;
const SHORT_MAX = 60;
const SHA_CHARS = 12;
const PLAN_SHOWN_MAX = 400;

/** Anything but http and https is no link, and nothing in it closes the link early. */
const linkTo = (url: string | null, text: string): string | null => {
  if (url === null || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') return null;
  return `<${escape(href).replaceAll('|', '%7C')}|${text}>`;
};

const fact = ({ label, text }: { label: string; text: string }): string =>
  `${label} *${inline(text, FACT_MAX).replaceAll('*', '∗')}*`;

/** `Pull request *118* · Title … · Labelled by … · Open the pull request` */
const pullFacts = (origin: PullRequestOrigin): (string | null)[] => {
  const { facts, repository, title, labeller, files, url, diffUrl } = origin;
  const shown = [
    { label: 'Pull request', text: `${repository}#${facts.number}` },
    { label: 'Title', text: title },
    { label: 'Author', text: facts.author },
    { label: 'Labelled by', text: labeller },
    { label: 'Commit', text: facts.sha.slice(0, SHA_CHARS) },
    { label: 'Into', text: facts.base },
    { label: 'Files', text: String(files) },
    { label: 'Checks', text: origin.checks ?? '' },
  ].filter(({ text }) => text !== '');
  return [
    ...shown.map(fact),
    linkTo(url, 'Open the pull request'),
    linkTo(`${url}/files`, 'Diff'),
    linkTo(diffUrl, 'Changes since the last look'),
  ];
};

/** `Alert *orders-db-down* · Title … · Started by *Ada* · Open the alert` */
const alertFacts = ({ alert, title, startedBy, url }: AlertOrigin): string[] => {
  const shown = [
    { label: 'Alert', text: alert },
    { label: 'Title', text: title },
    { label: 'Started by', text: startedBy ?? 'a rule that names the alert' },
  ];
  return [...shown.map(fact), ...[linkTo(url, 'Open the alert')].filter((part) => part !== null)];
};

/** What the job says of itself, as code, so that none of it is a link or a mention. */
const planText = (plan: string | undefined): string | null =>
  plan === undefined ? null : `Will run \`${inline(plan, PLAN_SHOWN_MAX)}\``;

/** What made the request and what runs; and who overrode a freeze for it, on the same line, so that a card stays short. */
export const jobLine = (view: Pick<RequestView, 'request' | 'requester'>): string | null => {
  const parts = [requesterLine(view.requester), overrideLine(view)].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
};

/** `Repository *acme/api* · Workflow *deploy* · … · Open the run`; for a person only what a pull request says; else null. */
const requesterLine = (requester: Requester): string | null => {
  const { origin } = requester;
  if (origin?.kind === 'pull_request' && !isRunning(requester))
    return pullFacts(origin)
      .filter((part) => part !== null)
      .join(' · ');
  if (requester.kind === 'person') return null;
  if (origin?.kind === 'alert' && !isRunning(requester)) return alertFacts(origin).join(' · ');
  if (origin?.kind === 'window' && origin.allowedBy !== undefined && !isRunning(requester))
    return [...jobFacts(requester.job), { label: 'Allowed by', text: origin.allowedBy }].map(fact).join(' · ');
  const links = [
    linkTo(requester.job.runUrl, 'Open the run'),
    linkTo(origin?.kind === 'gate' ? origin.diffUrl : (requester.job.diffUrl ?? null), 'Diff'),
    origin?.kind === 'pull_request' ? linkTo(origin.url, 'Open the pull request') : null,
    origin?.kind === 'alert' ? linkTo(origin.url, 'Open the alert') : null,
  ];
  const { actorUserId } = requester.job;
  const facts = jobFacts(requester.job).map((one) =>
    one.label === STARTER && actorUserId !== undefined ? `${fact(one)}, who is <@${actorUserId}>` : fact(one),
  );
  const plan = planText(requester.job.plan);
  return [...facts, ...links, plan].filter((part) => part !== null).join(' · ');
};

/** A job has taken it over. */
const isRunning = (requester: Requester): boolean => requester.kind === 'client' && requester.job.run !== '';

/** For lists: the person, or the client with what distinguishes its jobs. */
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
  const job = jobLine(view);
  const lines = [
    ...changeLines(view, facts),
    isOpen ? progress(view, facts) : status(view, facts),
    isOpen ? null : votesBeside(view, facts),
  ].filter((line) => line !== null);
  return card({
    tone: toneOf(view),
    text: `${mention(requester)}, ${what(view, facts)}: ${status(view, facts)}`,
    head: [
      section(
        cut(
          `${mark(view)} ${mention(requester)} · ${what(view, facts)}${lasting(view, `*${howLongInAll(view)}*`)}`,
          SECTION_TEXT_MAX,
        ),
      ),
    ],
    body: [
      section(cut(reason(view), SECTION_TEXT_MAX)),
      ...(job ? [context(cut(job, CONTEXT_TEXT_MAX))] : []),
      section(cut(lines.join('\n'), SECTION_TEXT_MAX)),
      ...liveBlocks(view),
    ],
  });
};
