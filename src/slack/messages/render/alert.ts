/** An alert and the ask it is answered with, as the database holds them. Pure. */
import { mappingNamed } from '../../../domain/alerts/mapping.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { AlertRoute, AlertSource } from '../../../domain/alerts/types.ts';
import type { AlertMapping, Policy } from '../../../domain/policy/types.ts';
import type { AlertView } from '../../../application/alerts/alert-ports.ts';
import { actions, askForAlertButton, changeForAlertButton } from './buttons.ts';
import { factsOf } from './facts.ts';
import { MENTIONS_MAX, MESSAGE_TEXT_MAX, SECTION_TEXT_MAX, TITLE_SHOWN_MAX } from './limits.ts';
import { warning, what } from './phrases.ts';
import { context, cut, date, escape, inline, mention, section, sentenceList } from './text.ts';
import type { Message } from './text.ts';

const SOURCES = {
  pagerduty: 'PagerDuty',
  alertmanager: 'Alertmanager',
  generic: 'a monitor',
} satisfies Record<AlertSource, string>;

const TITLE_MAX = 300;

/** Slack: docs.slack.dev/messaging/formatting-message-text, "Linking to URLs"; an address was checked when the alert came. */
const linked = (title: string, url: string | null): string =>
  url === null ? inline(title, TITLE_MAX) : `<${escape(url)}|${inline(title, TITLE_MAX).replace(/\|/g, '¦')}>`;

const why = (route: AlertRoute | null, mapping: AlertMapping | null): string | null => {
  const to = inline(mapping?.to ?? 'its group', TITLE_SHOWN_MAX);
  if (route === 'nobody')
    return `*No one was on call in ${to} when it came*, so it goes to you, who answer for this target.`;
  if (route === 'unknown')
    return `*Who was on call in ${to} could not be looked up when it came*, so it goes to you, who answer for this target.`;
  return null;
};

const heading = ({ alert, now }: AlertView): string => {
  const { title, url, source, severity, signals, firing, state, createdAt, resolvedAt } = alert;
  const name = linked(title, url);
  const others = signals > 1 ? ` and ${signals - 1} more` : '';
  if (state === 'resolved') return `○ *Resolved:* ${name}${others}${resolvedAt ? `, ${date(resolvedAt, now)}` : ''}.`;
  const still = signals > firing ? ` (${firing} of ${signals} still fire)` : '';
  const grave = severity ? ` · ${inline(severity, TITLE_SHOWN_MAX)}` : '';
  return `● *Alert:* ${name}${others}${still}\n${SOURCES[source]}${grave} · since ${date(createdAt, now)}`;
};

const askedLines = ({ askedBy }: AlertView, audience: string): string[] =>
  askedBy.map(({ person, requestId, isAutomatic }) => {
    const who = person.userId === audience ? 'You' : mention(person);
    if (!isAutomatic) return `${who} asked for access because of it (\`${requestId}\`).`;
    return `A rule names this alert, so ${who === 'You' ? 'you were' : `${who} was`} given access without asking (\`${requestId}\`).`;
  });

const wanted = (policy: Policy, mapping: AlertMapping): { text: string; button: string; care: string | null } => {
  const { target, role, durationMs } = mapping;
  const facts = factsOf(policy, { target, role });
  const length = durationMs ?? policy.targets[target]?.roles[role]?.defaultMs ?? 0;
  return {
    text: `If you need to look: ${what({ request: { target, role } }, facts)}, for ${formatDuration(length)}.`,
    button: `Request ${target}/${role} for ${formatDuration(length)}`,
    care: warning(facts),
  };
};

/** `audience` is a user or a channel; who asked already is not offered it again. */
export const alertMessage = (policy: Policy, view: AlertView, audience: string): Message => {
  const { alert, askedBy } = view;
  const mapping = mappingNamed(policy, alert.mapping);
  const isOffered = alert.state === 'firing' && !askedBy.some(({ person }) => person.userId === audience);
  const ask = mapping && isOffered ? wanted(policy, mapping) : null;
  const note = alert.state === 'firing' ? why(alert.route, mapping) : null;
  const isRoom = !alert.told.includes(audience);
  const whom =
    isRoom && alert.state === 'firing' ? alert.told.slice(0, MENTIONS_MAX).map((userId) => mention({ userId })) : [];
  const forWhom = whom.length > 0 ? `For ${sentenceList(whom)}.` : null;
  const lines = [heading(view), forWhom, note, ask?.text ?? null, ask?.care ?? null, ...askedLines(view, audience)];
  const text = lines.filter((line) => line !== null).join('\n');
  return {
    text: cut(heading(view), MESSAGE_TEXT_MAX),
    blocks: [
      section(cut(text, SECTION_TEXT_MAX)),
      ...(ask ? [actions(askForAlertButton(alert.id, ask.button), changeForAlertButton(alert.id))] : []),
      context(`Alert ${inline(alert.mapping, TITLE_SHOWN_MAX)} \`${alert.id}\``),
    ],
  };
};
