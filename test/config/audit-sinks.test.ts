/** Syslog in `audit.sinks`: what is encrypted, to whom, and what is refused with which sentence. */
import { describe, expect, test } from 'vitest';
import { GOOD, load } from './made.ts';

const withSink = (sink: string) => load(`${GOOD}\naudit: { origin: acme.test/prod, sinks: { lines: ${sink} } }\n`);
const messages = (sink: string): string => {
  const loaded = withSink(sink);
  return 'problems' in loaded ? JSON.stringify(loaded.problems) : '';
};

describe('a syslog sink', () => {
  test('speaks TLS and CEF where nothing else is said', () => {
    const loaded = withSink('{ syslog: { host: syslog.acme.test, port: 6514 } }');
    expect(loaded).toMatchObject({
      policy: {
        audit: {
          sinks: [{ format: 'cef', startsAt: 'now', target: { kind: 'syslog', tls: true, ca: null, port: 6514 } }],
        },
      },
    });
  });

  test.each([
    '{ syslog: { host: 127.0.0.1, port: 514, tls: false } }',
    '{ syslog: { host: "::1", port: 514, tls: false }, format: cef, from: beginning }',
    '{ syslog: { host: 10.0.0.1, port: 6514, ca: "${SYSLOG_CA}" } }',
    '{ syslog: { host: "2001:db8::1", port: 6514 } }',
  ])('%s is taken', (sink) => expect(messages(sink)).toBe(''));

  test.each([
    ['{ syslog: { host: 10.0.0.1, port: 514, tls: false } }', 'must be true: without TLS'],
    ['{ syslog: { host: 127.0.0.1.evil.test, port: 514, tls: false } }', 'must be true: without TLS'],
    ['{ syslog: { host: localhost, port: 514, tls: false, ca: "${SYSLOG_CA}" } }', 'is of no use without TLS'],
    ['{ syslog: { host: syslog.acme.test, port: 6514, ca: /etc/ca.pem } }', 'set SYSLOG_CA_FILE'],
    ['{ syslog: { host: syslog.acme.test, port: 6514, ca: "${DATABASE_URL}" } }', 'must not be a secret of Latchkey'],
    ['{ syslog: { host: "10.0.0.1:6514", port: 6514 } }', 'without a port'],
    ['{ syslog: { host: "tcp://syslog.acme.test", port: 6514 } }', 'without a port'],
    ['{ syslog: { host: "", port: 6514 } }', 'without a port'],
    ['{ syslog: { host: syslog.acme.test, port: 0 } }', 'must be 1 or more'],
    ['{ syslog: { host: syslog.acme.test, port: 65536 } }', 'must be 65535 or less'],
    [
      '{ syslog: { host: syslog.acme.test, port: 6514 }, format: ecs }',
      'format: cef is for syslog, which has no other',
    ],
    [
      '{ webhook: { url: "https://a.test", key: "${HOOK}" }, format: cef }',
      'format: cef is for syslog, which has no other',
    ],
  ])('%s is refused', (sink, message) => expect(messages(sink)).toContain(message));
});

describe('a bucket', () => {
  test('is the one that is named, with the usual beginning of names', () => {
    expect(withSink('{ s3: { bucket: acme-events, region: eu-central-1 }, format: ocsf }')).toMatchObject({
      policy: { audit: { sinks: [{ format: 'ocsf', target: { kind: 's3', prefix: 'latchkey/', endpoint: null } }] } },
    });
  });

  test.each([
    ['{ s3: { bucket: acme-events } }', 'region'],
    ['{ s3: { bucket: "A B", region: eu-central-1 } }', 'must be the name of a bucket'],
    ['{ s3: { bucket: acme-events, region: eu-central-1, lock: none } }', 'lock'],
    ['{ s3: { bucket: acme-events, region: eu-central-1, prefix: "../" }, format: cef }', 'must be'],
  ])('%s is refused', (sink, message) => expect(messages(sink)).toContain(message));
});
