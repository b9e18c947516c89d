import { describe, expect, it } from 'vitest';
import { mappingOf, reasonOf } from '../../../src/domain/alerts/mapping.ts';
import { alertText, alertUrl } from '../../../src/domain/alerts/types.ts';
import type { AlertSignal } from '../../../src/domain/alerts/types.ts';
import type { AlertMapping } from '../../../src/domain/policy/types.ts';

const mapping = (name: string, match: Partial<AlertMapping['match']>): AlertMapping => ({
  name,
  source: 'alertmanager',
  match: { service: null, title: null, severity: null, labels: {}, ...match },
  target: 'orders-db',
  role: 'read',
  durationMs: null,
  client: null,
  to: 'on-call',
  channel: 'dm',
});
const signal = (more: Partial<AlertSignal> = {}): AlertSignal => ({
  source: 'alertmanager',
  key: 'one',
  state: 'firing',
  at: new Date(),
  title: 'Disk /var is full on orders-db',
  url: null,
  service: null,
  severity: 'Critical',
  labels: { alertname: 'OrdersDbDiskFull', pod: 'orders-0' },
  ...more,
});
const nameOf = (mappings: AlertMapping[], one = signal()): string | undefined =>
  mappingOf({ alerts: mappings }, one)?.name;

describe('an alert belongs to', () => {
  it('the first mapping of its source that it matches whole', () => {
    const wide = mapping('wide', { title: '*' });
    expect(nameOf([mapping('other', { title: 'Memory*' }), wide, mapping('late', { title: 'Disk*' })])).toBe('wide');
    expect(nameOf([wide], signal({ source: 'pagerduty' }))).toBeUndefined();
  });

  it('one whose patterns reach over slashes and ignore case', () => {
    expect(nameOf([mapping('disk', { title: 'disk*full*', severity: 'critical' })])).toBe('disk');
    expect(nameOf([mapping('disk', { title: 'disk*full' })])).toBeUndefined();
  });

  it('one all of whose labels it has: what it does not carry matches nothing, not even *', () => {
    expect(nameOf([mapping('pod', { labels: { pod: 'orders-*', alertname: 'OrdersDb*' } })])).toBe('pod');
    expect(nameOf([mapping('pod', { labels: { pod: 'orders-*', zone: '*' } })])).toBeUndefined();
    expect(nameOf([mapping('inherited', { labels: { toString: '*' } })])).toBeUndefined();
    expect(nameOf([mapping('service', { service: '*' })])).toBeUndefined();
  });
});

it('a reason names the mapping, what is wrong and where to read more', () => {
  const alert = { mapping: 'disk', title: 'Disk is full', url: 'https://acme.test/1' };
  expect(reasonOf(alert)).toBe('Alert disk: Disk is full https://acme.test/1');
  expect(reasonOf({ ...alert, url: null })).toBe('Alert disk: Disk is full');
});

it.each(['javascript:alert(1)', 'data:text/html,x', 'not an address', `https://a.test/${'x'.repeat(2_000)}`, ''])(
  '%s is no address',
  (text) => expect(alertUrl(text)).toBeNull(),
);

it('text is one line and cut between characters', () => {
  expect(alertText(' a\n\tb\u0000 ')).toBe('a b');
  expect(alertText('😀'.repeat(600))).toBe('😀'.repeat(500));
});
