/** What names, topics and messages of a channel say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isClosedName, isIncidentName, keptTopic } from '../../../src/domain/incidents/channel-name.ts';
import { readSeverity, severityIn } from '../../../src/domain/incidents/severity.ts';
import { meaningOf } from '../../../src/domain/incidents/tool-message.ts';

const incidents = { channels: ['inc-*', 'incident-*'], closed: ['*-closed', 'old-*'], severity: null };

describe('a channel name', () => {
  it.each([
    ['inc-1', true],
    ['INC-1', true],
    ['incident-payments', true],
    ['inc-1-closed', false],
    ['old-inc-1', false],
    ['binc-1', false],
    ['inc', false],
  ])('%s: an incident is %s', (name, is) => expect(isIncidentName(incidents, name)).toBe(is));

  it('is never both an open and a closed one', () =>
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(isIncidentName(incidents, name) && isClosedName(incidents, name)).toBe(false);
      }),
    ));

  it('is kept with a topic that the database takes', () =>
    fc.assert(
      fc.property(fc.string({ maxLength: 600, unit: 'binary' }), (topic) => {
        const kept = keptTopic(topic);
        expect(kept.length).toBeLessThanOrEqual(250);
        expect(kept).not.toContain('\0');
      }),
    ));
});

describe('the severity', () => {
  it.each([
    [['SEV1: checkout fails'], 'sev1'],
    [['all fails (sev-2)'], 'sev2'],
    [['P 1'], 'p1'],
    [['', 'inc-2026-11-22-p3-search'], 'p3'],
    [['sev2', 'inc-sev1'], 'sev2'],
    [['sev9', 'xsev1', 'sev12', 'http2', 'p50 latency'], ''],
    [[], ''],
  ])('of %j is "%s"', (texts, severity) => expect(severityIn(incidents, texts)).toBe(severity));

  it('is found by the pattern of the policy, and only by it', () => {
    const own = { severity: 'minor|major' };
    expect(severityIn(own, ['A Major outage, sev1'])).toBe('major');
    expect(readSeverity(own, 'sev1')).toBeNull();
  });

  it.each([
    ['sev1', 'sev1'],
    [' SEV-1 ', 'sev1'],
    ['none', ''],
    ['terrible', null],
    ['', null],
    ['sev1 and the rest of a sentence', null],
  ])('typed as "%s" is %s', (typed, severity) => expect(readSeverity(incidents, typed)).toBe(severity));
});

describe('a message of the incident tool', () => {
  const tool = { users: ['B0TOOL'], opens: '^declared', closes: 'resolved' };
  const said = (text: string, userIds = ['U1', 'B0TOOL']) => meaningOf(tool, { userIds, text });

  it('means what the policy says', () => {
    expect(said('Declared SEV1')).toEqual({ by: 'B0TOOL', means: 'open' });
    expect(said('Incident RESOLVED by Ada')).toEqual({ by: 'B0TOOL', means: 'close' });
    expect(said('declared, then resolved')).toMatchObject({ means: 'close' });
    expect(said('still looking')).toBeNull();
  });

  it('means nothing from anybody else', () => expect(said('resolved', ['U1', 'B0OTHER'])).toBeNull());
});
