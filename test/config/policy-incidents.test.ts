import { describe, expect, it } from 'vitest';
import { changed, load, withTop } from './made.ts';

const codesOf = (text: string): string[] => {
  const loaded = load(text);
  return 'problems' in loaded ? loaded.problems.map(({ code }) => code) : [];
};
const incidentsOf = (text: string) => {
  const loaded = load(withTop(`incidents: ${text}`));
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy.incidents;
};

describe('incidents of a policy', () => {
  it('need only patterns, and have careful defaults', () =>
    expect(incidentsOf('{ channels: ["inc-*"] }')).toEqual({
      channels: ['inc-*'],
      closed: ['*-closed', '*-resolved'],
      targets: ['*'],
      concerns: [],
      onClose: 'end',
      warningMs: 120_000,
      openBy: null,
      keepBy: null,
      onCall: null,
      severity: null,
      tool: null,
    }));

  it('keep every part', () =>
    expect(
      incidentsOf(
        `{ channels: ["inc-*"], closed: ["old-*"], targets: [orders], concerns: [{ channels: ["*pay*"], targets: ["or*"] }], on_close: keep,
  warning: 30s, open_by: [sre], keep_by: [dba], on_call: [sre], severity: "minor|major", tool: { users: [B0123ABC], opens: "^Declared", closes: "^Resolved" } }`,
      ),
    ).toMatchObject({
      closed: ['old-*'],
      concerns: [{ channels: ['*pay*'], targets: ['or*'] }],
      onClose: 'keep',
      warningMs: 30_000,
      openBy: ['sre'],
      keepBy: ['dba'],
      onCall: ['sre'],
      severity: 'minor|major',
      tool: { users: ['B0123ABC'], opens: '^Declared', closes: '^Resolved' },
    }));

  it.each(['*', '**', '?*', '*-*', 'i*', 'in*', '*-?', 'a-*', '*e*', '*_*'])(
    'refuse %s, which takes in too much',
    (pattern) =>
      expect(codesOf(withTop(`incidents: { channels: ["${pattern}"] }`))).toEqual(['incident_pattern_too_wide']),
  );

  it.each(['inc-*', 'inc*', '*-outage', 'p1-*', '*-sev*', 'war-room', 'i1-?*'])('take %s', (pattern) =>
    expect(codesOf(withTop(`incidents: { channels: ["${pattern}"] }`))).toEqual([]),
  );

  it.each([
    ['open_by: [onkall]', 'unknown_group'],
    ['keep_by: [owners]', 'bad_reference'],
    ['on_call: [onkall]', 'unknown_group'],
    ['severity: "(a+)+"', 'bad_pattern'],
    ['tool: { users: [B0123ABC] }', 'useless_key'],
    ['tool: { users: [pagerbot], closes: x }', 'bad_value'],
    ['tool: { users: [B0123ABC], closes: "(a|b)+" }', 'bad_pattern'],
    ['warning: 1d', 'incident_warning_too_long'],
    ['concerns: [{ channels: ["*x*"], targets: [order] }]', 'unknown_target'],
    ['on_close: never', 'bad_value'],
  ])('refuse { %s } as %s', (part, code) =>
    expect(codesOf(withTop(`incidents: { channels: ["inc-*"], ${part} }`))).toEqual([code]),
  );

  it('are warned of a rule that lets in everybody who is in the channel, and of no other', () => {
    const warnings = (when: string): string[] => {
      const loaded = load(
        changed('rules:', `rules:\n  - { name: Open, match: { roles: ["*/read"] }, when: '${when}', approve: true }`),
      );
      return 'problems' in loaded ? ['refused'] : loaded.warnings.map(({ code }) => code);
    };
    expect(warnings('incident.open')).toEqual(['incident_for_anyone']);
    expect(warnings('incident.open && "sre" in requester.groups')).toEqual([]);
    expect(warnings('local.hour > 8')).toEqual([]);
  });
});
