/** Which entry of the policy an alert belongs to. Pure. */
import { compileTextGlob } from '../policy/glob.ts';
import type { AlertMapping, Policy } from '../policy/types.ts';
import type { Alert, AlertSignal } from './types.ts';

const isMatch = (pattern: string | null, text: string | null): boolean =>
  pattern === null || (text !== null && compileTextGlob(pattern)(text));

/** Everything that the mapping names must hold. */
const covers = ({ source, match }: AlertMapping, signal: AlertSignal): boolean =>
  source === signal.source &&
  isMatch(match.service, signal.service) &&
  isMatch(match.title, signal.title) &&
  isMatch(match.severity, signal.severity) &&
  Object.entries(match.labels).every(([name, pattern]) =>
    isMatch(pattern, Object.hasOwn(signal.labels, name) ? (signal.labels[name] ?? null) : null),
  );

/** The first that matches; null where the policy does not speak of it. */
export const mappingOf = (policy: Pick<Policy, 'alerts'>, signal: AlertSignal): AlertMapping | null =>
  policy.alerts.find((mapping) => covers(mapping, signal)) ?? null;

export const mappingNamed = (policy: Pick<Policy, 'alerts'>, name: string): AlertMapping | null =>
  policy.alerts.find((mapping) => mapping.name === name) ?? null;

/** Why access is requested for it: what stands in the request, the audit log and the messages. */
export const reasonOf = ({ mapping, title, url }: Pick<Alert, 'mapping' | 'title' | 'url'>): string =>
  [`Alert ${mapping}: ${title}`, url].filter((part) => part !== null).join(' ');

/** Access is given to an alert without a click only by a rule that names it. */
export const isNamedBy = (policy: Policy, rule: string | null, mapping: string): boolean =>
  policy.rules.some(({ name, match }) => name === rule && match.alerts?.includes(mapping) === true);

/** Whether any rule, or its condition, looks at the alert a request is for. */
export const usesAlerts = ({ rules }: Policy): boolean =>
  rules.some(({ match, when }) => match.alerts !== null || (when?.alerts ?? null) !== null);

/** Only then can it be answered without a click. */
export const hasRuleForAlert = ({ rules }: Policy, mapping: string): boolean =>
  rules.some(({ match }) => match.alerts?.includes(mapping) === true);
