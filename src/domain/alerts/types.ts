/** Alerts: what a source says, and what people are shown of it. */

export const ALERT_SOURCES = ['pagerduty', 'alertmanager', 'generic'] as const;
export type AlertSource = (typeof ALERT_SOURCES)[number];

export const ALERT_STATES = ['firing', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** One thing a source says is wrong, or right again. Texts are the source's own: long, hostile, or empty. */
export type AlertSignal = {
  source: AlertSource;
  /** The same for everything the source says of one occurrence. */
  key: string;
  state: AlertState;
  /** By the source's clock, when it came to be so, or when the occurrence began. What is older than what is known changes nothing. */
  at: Date;
  /**
   * Of one that is resolved: it ends what began up to then. `any` where the source gave no end that can be used, which counts as now.
   * Left out, it is `at`.
   */
  endsBegunBy?: Date | 'any';
  title: string;
  /** Where to read more; only http and https. */
  url: string | null;
  service: string | null;
  severity: string | null;
  labels: Record<string, string>;
};

/** What was posted and was not; `nobody` and `unknown` say why the owners were notified instead. */
export type AlertRoute = 'on_call' | 'nobody' | 'unknown';

/** What is known of one occurrence from all that its source said so far. */
export type Heard = Pick<AlertSignal, 'state' | 'at'>;

/** What was heard under one key before now, and the alert it belongs to: none where it was resolved before it was heard to fire. */
export type KnownSignal = Heard & { key: string; alertId: string | null; mapping: string | null };

/** What people are shown: everything one mapping says until all of it is resolved. */
export type Alert = {
  id: string;
  /** Name of the mapping in the policy. */
  mapping: string;
  source: AlertSource;
  title: string;
  url: string | null;
  severity: string | null;
  state: AlertState;
  /** How many of its signals fire now, and how many there were. */
  firing: number;
  signals: number;
  /** null until it was decided who is notified. */
  route: AlertRoute | null;
  /** User ids of whom it is for, wherever they are notified. */
  notified: string[];
  version: number;
  createdAt: Date;
  resolvedAt: Date | null;
};

const TEXT_MAX = 500;
const URL_MAX = 1_000;
/** Half of a character, as broken JSON may hold it. */
const HALF = /\p{Cs}/u;

/** One line, of a length that can be stored and shown. */
export const alertText = (text: string): string =>
  Array.from(text.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .slice(0, TEXT_MAX)
    .map((sign) => (HALF.test(sign) ? '\ufffd' : sign))
    .join('');

/** Names and values as text that can be stored and compared. */
export const alertLabels = (labels: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [alertText(name), alertText(value)]));

/** A key is stored and compared as it is, so it holds nothing that a database changes or refuses. */
export const isAlertKey = (text: string): boolean => text.trim() !== '' && !/[\p{Cc}\p{Cs}]/u.test(text);

/** Only what a browser may open; anything else is no address. */
export const alertUrl = (text: string | null | undefined): string | null => {
  if (!text || text.length > URL_MAX || !URL.canParse(text)) return null;
  const { protocol, href } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && !/[\s<>|]/.test(href) ? href : null;
};
