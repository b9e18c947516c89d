/** An alert and the request it is answered with, as the database holds them. Pure. */
import { mappingNamed } from '../../../domain/alerts/mapping.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { AlertRoute, AlertSource } from '../../../domain/alerts/types.ts';
import type { AlertMapping, Policy } from '../../../domain/policy/types.ts';
import type { AlertView } from '../../../application/alerts/alert-ports.ts';
import { actions, requestForAlertButton, changeForAlertButton } from './buttons.ts';
import { card, iconOf } from './card.ts';
import type { Tone } from './card.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { MENTIONS_MAX, SECTION_TEXT_MAX, TITLE_SHOWN_MAX } from './limits.ts';
import { warning, what } from './phrases.ts';
import { context, cut, date, escape, inline, mention, plain, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';
import { pluralize } from '../../../lib/pluralize.ts';

const SOURCES = {
  pagerduty: 'PagerDuty',
  alertmanager: 'Alertmanager',
  generic: 'a monitor',
} satisfies Record<AlertSource, string>;

const TITLE_MAX = 300;

/** Slack: docs.slack.dev/messaging/formatting-message-text, "Linking to URLs"; an address was checked when the alert came. */
const linked = (title: string, url: string | null): string =>
  url === null ? inline(title, TITLE_MAX) : `<${escape(url)}|${inline(title, TITLE_MAX).replace(/\|/g, '¦')}>`;

/** Why it is this reader who is notified. */
const whyYou = (route: AlertRoute | null, mapping: AlertMapping | null): string | null => {
  const to = inline(mapping?.to ?? 'its group', TITLE_SHOWN_MAX);
  if (route === 'nobody') return `*No one was on call in ${to} when it came*, so it goes to you as an owner.`;
  if (route === 'unknown')
    return `*Who was on call in ${to} could not be looked up when it came*, so it goes to you as an owner.`;
  return null;
};

const toneOf = ({ alert }: AlertView): Tone => (alert.state === 'resolved' ? 'over' : 'alarm');

const heading = (view: AlertView): string => {
  const { title, url, signals, firing, state } = view.alert;
  const name = linked(title, url);
  const others = signals > 1 ? ` and ${signals - 1} more` : '';
  if (state === 'resolved') return `${iconOf('over')} *Resolved:* ${name}${others}`;
  const still = signals > firing ? ` (${firing} of ${signals} still fire)` : '';
  return `${iconOf('alarm')} *Alert:* ${name}${others}${still}`;
};

/** `sev1 · PagerDuty · since 03:12`, and until when. */
const origin = ({ alert, now }: AlertView): string => {
  const { source, severity, createdAt, resolvedAt } = alert;
  const parts = [
    severity ? inline(severity, TITLE_SHOWN_MAX) : null,
    SOURCES[source],
    resolvedAt ? `${date(createdAt, now)} to ${date(resolvedAt, now)}` : `since ${date(createdAt, now)}`,
  ];
  return parts.filter((part) => part !== null).join(' · ');
};

const REQUESTERS_NAMED = 2;
const BUTTON_NAME_MAX = 50;

/** What became of it stands on its own card. */
const clientSentence = ({ client, startedBy }: AlertView['forClient'][number]): string => {
  const who = startedBy === null ? 'A rule that names this alert' : inline(startedBy, TITLE_SHOWN_MAX);
  return `${who} requested access for the next job of *${inline(client, TITLE_SHOWN_MAX)}*.`;
};

/** The latest few by name; the requests have cards of their own. */
const requestedLine = ({ askedBy, forClient }: AlertView, audience: string): string | null => {
  const rest = askedBy.length - REQUESTERS_NAMED;
  const lines = askedBy.slice(-REQUESTERS_NAMED).map(({ person, isAutomatic }) => {
    const who = person.userId === audience ? 'You' : mention(person);
    if (!isAutomatic) return `${who} requested access because of it.`;
    return `A rule names this alert: ${who === 'You' ? 'you were' : `${who} was`} given access without a request.`;
  });
  const more = rest > 0 ? [`${pluralize(rest, 'other person', 'other people')} did so before.`] : [];
  const all = [...lines, ...more, ...forClient.slice(-REQUESTERS_NAMED).map(clientSentence)];
  return all.length > 0 ? all.join(' ') : null;
};

/** One request at a time waits for the job. */
const waitsForJob = ({ forClient }: AlertView): boolean => forClient.some(({ isWaiting }) => isWaiting);

const wanted = (policy: Policy, mapping: AlertMapping): { text: string; button: string } => {
  const { target, role, durationMs, client } = mapping;
  const facts = factsOf(policy, { target, role });
  const length = formatDuration(durationMs ?? policy.targets[target]?.roles[role]?.defaultMs ?? 0);
  const care = warning(facts);
  const offered = `${what({ request: { target, role } }, facts)} for *${length}*${care ? ` · ${care}` : ''}`;
  if (client !== null)
    return {
      text: `If *${inline(client, TITLE_SHOWN_MAX)}* should run: ${offered}. Who clicks does not count as its approver.`,
      button: `Request for ${plain(client, BUTTON_NAME_MAX)}`,
    };
  return {
    text: `If you need to look: ${offered}`,
    button: `Request access for ${length}`,
  };
};

/** In a channel: who was notified, once. */
const forWhom = ({ alert }: AlertView, audience: string): string | null =>
  alert.state === 'firing' && !alert.notified.includes(audience) && alert.notified.length > 0
    ? `For ${sentenceList(alert.notified.slice(0, MENTIONS_MAX).map((userId) => mention({ userId })))}.`
    : null;

/** The form is a person's. */
const changing = (alertId: string, mapping: AlertMapping | null) =>
  mapping?.client === null ? [changeForAlertButton(alertId)] : [];

/** `audience` is a user or a channel; who requested already is not offered it again. */
export const alertMessage = (policy: Policy, view: AlertView, audience: string): Message => {
  const { alert, askedBy } = view;
  const mapping = mappingNamed(policy, alert.mapping);
  const isRequested = askedBy.some(({ person }) => person.userId === audience) || waitsForJob(view);
  const isOffered = alert.state === 'firing' && !isRequested;
  const offer = mapping && isOffered ? wanted(policy, mapping) : null;
  const note = alert.state === 'firing' ? whyYou(alert.route, mapping) : null;
  const lines = [forWhom(view, audience), note, offer?.text ?? null, requestedLine(view, audience)].filter(
    (line) => line !== null,
  );
  return card({
    tone: toneOf(view),
    text: `${heading(view)} · ${origin(view)}`,
    head: [section(cut(heading(view), SECTION_TEXT_MAX)), context(origin(view))],
    body: [
      ...(lines.length > 0 ? [section(cut(lines.join('\n'), SECTION_TEXT_MAX))] : []),
      ...(offer ? [actions(requestForAlertButton(alert.id, offer.button), ...changing(alert.id, mapping))] : []),
    ],
  });
};
