/** Incidents: what the name and the topic of a channel say, what may be concerned, and what is reported afterwards. Pure. */
import { compileGlob } from '../policy/glob.ts';
import type { Incidents } from '../policy/types.ts';

const isAny = (patterns: readonly string[], name: string): boolean =>
  patterns.some((pattern) => compileGlob(pattern.toLowerCase())(name.toLowerCase()));

/** A name that says so of an incident that is over. */
export const isClosedName = ({ closed }: Pick<Incidents, 'closed'>, name: string): boolean => isAny(closed, name);

/** A channel of this name is an incident's, as long as it is not archived. */
export const isIncidentName = (incidents: Pick<Incidents, 'channels' | 'closed'>, name: string): boolean =>
  isAny(incidents.channels, name) && !isClosedName(incidents, name);

/** Slack: docs.slack.dev/reference/methods/conversations.setTopic: 250 characters at most. */
const TOPIC_CHARS_MAX = 250;
const NAME_CHARS_MAX = 80;

/** As it is kept: Postgres takes no NUL in text. */
export const keptTopic = (topic: string): string => topic.replaceAll('\0', '').slice(0, TOPIC_CHARS_MAX);
export const keptName = (name: string): string => name.replaceAll('\0', '').slice(0, NAME_CHARS_MAX);
