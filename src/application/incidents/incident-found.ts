/**
 * What Slack says of an incident's channel now. It is found there, and nobody said it: it is shown, and no rule believes it. Only the
 * words that somebody is known to have used themselves are in their name, and the rules see those of people who may open incidents.
 */
import { keptName, keptTopic } from '../../domain/incidents/channel-name.ts';
import { severityIn } from '../../domain/incidents/severity.ts';
import type { Incidents } from '../../domain/policy/types.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import { changeSeverity, FOUND, mustLock, noteChange } from './incident-changes.ts';
import type { Doer } from './incident-changes.ts';
import type { ChannelState } from './incident-ports.ts';
import type { Tx } from '../deps.ts';

/** A person's own words, by the event that names them. Null: of that they said nothing. */
export type Words = { doer: Doer; name: string | null; topic: string | null; saidAt: Date | null };

type Texts = { name: string; topic: string; purpose: string };

export const textsOf = ({ name, topic, purpose }: Texts): Texts => ({
  name: keptName(name),
  topic: keptTopic(topic),
  purpose: keptTopic(purpose),
});

/** The topic before the purpose, and both before the name, which is older. */
export const severityFound = (incidents: Incidents, { topic, purpose, name }: Texts): string =>
  severityIn(incidents, [topic, purpose, name]);

type TakingIn = { incident: Incident; channel: ChannelState; isArchived: boolean; words?: Words | null };

/** True when anything changed. Runs inside a transaction that locked the incident. */
export const applyChannelState = async (tx: Tx, incidents: Incidents, taking: TakingIn): Promise<boolean> => {
  const { incident, channel, isArchived, words = null } = taking;
  const texts = textsOf(channel);
  const changed = changedTexts(incident, texts);
  const isOther = changed.length > 0 || channel.isPrivate !== incident.isPrivate || isArchived !== incident.isArchived;
  const updatedMs = channel.updatedMs ?? null;
  if (isOther || (updatedMs ?? 0) > incident.channelUpdatedMs) {
    const { name: channelName, topic, purpose } = texts;
    const state = { channelName, topic, purpose, isPrivate: channel.isPrivate, isArchived, updatedMs };
    await tx.incidents.setChannel(incident.id, state);
  }
  for (const { type, before, after, of } of changed)
    await noteChange(tx, { incident, type, doer: authorOf(words, of, texts), data: { before, after } });
  const severity = changed.length > 0 ? severityFound(incidents, texts) : '';
  const isShown = severity !== '' && incident.confirmedAt === null && incident.confirmedSeverity === null;
  const isOtherSeverity = isShown && (await changeSeverity(tx, { incident, severity, doer: FOUND }));
  const isBelieved = await believe(tx, incidents, { incident: taking.incident, texts, words });
  return isOther || isOtherSeverity || isBelieved;
};

type Changed = {
  type: 'incident.renamed' | 'incident.topic' | 'incident.purpose';
  of: keyof Texts;
  before: string;
  after: string;
};

const changedTexts = ({ channelName, topic, purpose }: Incident, now: Texts): Changed[] => {
  const all: Changed[] = [
    { type: 'incident.renamed', of: 'name', before: channelName, after: now.name },
    { type: 'incident.topic', of: 'topic', before: topic, after: now.topic },
    { type: 'incident.purpose', of: 'purpose', before: purpose, after: now.purpose },
  ];
  return all.filter(({ before, after }) => before !== after);
};

/** Words that do not stand there any more are not what was found: somebody changed them since. */
const isSaid = (words: Words | null, of: keyof Texts, now: Texts): words is Words =>
  words !== null && of !== 'purpose' && words[of] !== null && words[of] === now[of];

const authorOf = (words: Words | null, of: keyof Texts, now: Texts): Doer =>
  isSaid(words, of, now) ? words.doer : FOUND;

type Believing = { incident: Incident; texts: Texts; words: Words | null };

/** The rules see the name of a confirmed incident and its severity as people who may open incidents said them; late words change nothing. */
const believe = async (tx: Tx, incidents: Incidents, { incident, texts, words }: Believing): Promise<boolean> => {
  if (words?.doer.isTrusted !== true) return false;
  const isNamed =
    isSaid(words, 'name', texts) && incident.confirmedAt !== null && incident.confirmedName !== texts.name;
  if (isNamed) await tx.incidents.confirmName(incident.id, texts.name);
  const severity = isSaid(words, 'topic', texts) ? severityIn(incidents, [texts.topic]) : '';
  const { saidAt } = words;
  const isLate = saidAt !== null && incident.confirmedSeverityAt !== null && saidAt <= incident.confirmedSeverityAt;
  if (severity === '' || isLate) return isNamed;
  const current = await mustLock(tx, incident.id);
  return (await changeSeverity(tx, { incident: current, severity, doer: words.doer, saidAt })) || isNamed;
};
