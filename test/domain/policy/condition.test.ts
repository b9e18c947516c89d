import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../src/domain/policy/condition.ts';

/** The time a hostile condition may take: a hang or an explosion fails, a busy machine does not. */
const TIMEOUT = { timeout: 5_000 };

const problemsOf = (source: string): string => {
  const compiled = compileCondition(source);
  return 'problems' in compiled ? compiled.problems.join('; ') : '';
};

describe('a condition is refused when the file is loaded', () => {
  it.each([
    [
      'foo',
      '"foo" is no variable of conditions; known are request, requester, incident, client, pull_request, alert, local, now',
    ],
    ['request.rol == "read"', 'request has no field "rol"; did you mean "role"?'],
    ['requester.group == "sre"', 'did you mean "groups"?'],
    ['request.duration <= "30m"', 'no such overload'],
    ['request.duration <= 30', 'no such overload'],
    ['request.target + 1 == 2', 'no such overload'],
    ['request.target', 'must be true or false'],
    ['1', 'must be true or false'],
    ['', 'Unexpected token'],
    ['incident.open &&', 'Unexpected token'],
    ['incident.open = true', 'Unexpected'],
    ['now >= timestamp("tomorrow")', 'is no timestamp'],
    ['request.duration < duration("half an hour")', 'is no duration'],
    ['local.weekday == "Sunday"', 'is no weekday'],
    ['local.weekday in ["saturday", "sun"]', '"sun" is no weekday'],
    ['alert.sevrity == "critical"', 'did you mean "severity"?'],
    ['alert.title == "x"', 'alert has no field "title"; known are firing'],
    ['alert.firing == "yes"', 'no such overload'],
    ['alert.source == "nagios"', 'is no source of alerts'],
    ['alert.source in ["pagerduty", "opsgenie"]', '"opsgenie" is no source'],
    ['local.weekday == 6', 'no such overload'],
    ['request.reason.matches("(a+)+$")', 'pattern of matches()'],
    ['request.reason.matches(request.ticket)', 'must be written out'],
    ['[1].exists(x, [1].exists(y, x == y))', 'inside another list function'],
    ['requester.groups.exists(g, request.reason.matches("^a$"))', 'inside another list function'],
    ['process.exit()', 'is no variable'],
    ['duraton("30m") > request.duration', 'there is no function duraton(); did you mean "duration"?'],
    ['size(1, 2) > 1', 'no matching overload'],
    ['request.constructor == ""', 'has no field "constructor"'],
    ['request.__proto__ == ""', 'has no field "__proto__"'],
  ])('%s', (source, why) => expect(problemsOf(source)).toContain(why));

  it('names every unknown weekday, pattern and time at once', () => {
    const compiled = compileCondition(
      'local.weekday == "x" || request.reason.matches("(a+)+") || now > timestamp("y")',
    );
    expect(compiled).toMatchObject({ problems: [expect.any(String), expect.any(String), expect.any(String)] });
  });
});

describe('a hostile condition is refused within limits', () => {
  it.each([
    ['long', `incident.open ${'&& incident.open '.repeat(10_000)}`],
    ['many parts', `incident.open${'||incident.open'.repeat(120)}`],
    ['deep in brackets', `${'('.repeat(1500)}true`],
    ['deep and closed', `${'('.repeat(400)}true${')'.repeat(400)}`],
    ['deep in lists', `${'['.repeat(300)}${']'.repeat(300)} == []`],
    ['deep in negations', `${'!'.repeat(1900)}true`],
    ['deep in conditions', `${'true ? '.repeat(250)}true${' : true'.repeat(250)}`],
    ['a long list', `1 in [${'1,'.repeat(900)}1]`],
    ['lists over lists', '[1,2].all(a, [1,2].all(b, [1,2].all(c, true)))'],
  ])('%s', TIMEOUT, (_name, source) => {
    expect(problemsOf(source)).not.toBe('');
  });

  it('the slowest that is let in ends', TIMEOUT, () => {
    const compiled = compileCondition(
      'request.reason.split("").all(c, request.reason.contains(c)) && request.reason.matches("^a*b*$")',
    );
    expect(compiled).toHaveProperty('condition');
    if (!('condition' in compiled)) return;
    const isMet = compiled.condition.evaluate({
      request: { target: '', role: '', durationMs: 1, reason: 'a'.repeat(3000), ticket: '' },
      requester: { email: '', groups: [] },
      incident: { open: false, channel: '', severity: '' },
      client: {
        name: '',
        issuer: '',
        repository: '',
        repository_id: '',
        ref: '',
        environment: '',
        workflow: '',
        event: '',
        run: '',
        attempt: 0,
        sha: '',
        actor: '',
      },
      pull_request: { number: 0, labels: [], author: '', base: '', head: '', sha: '' },
      alert: { firing: false, name: '', source: '', severity: '' },
      now: new Date(0),
      calendar: { timezone: 'UTC', windows: {}, freezes: {} },
    });
    expect(isMet).toBe(true);
  });
});

describe('a condition knows which groups it looks at', () => {
  it.each([
    ['incident.open', []],
    ['"sre" in requester.groups', ['sre']],
    ['!("sre" in requester.groups) || "dba" in requester.groups', ['dba', 'sre']],
    ['requester.groups.exists(g, g.startsWith("team-"))', null],
    ['"sre" in requester.groups && requester.groups.size() > 2', null],
    ['request.role in requester.groups', null],
  ])('%s', (source, groups) => {
    expect(compileCondition(source)).toMatchObject({ condition: { groups } });
  });
});

describe('a condition knows which alerts it compares with', () => {
  it.each([
    ['incident.open', null],
    ['alert.firing', []],
    ['alert.source == "generic" || alert.source == ""', []],
    ['"down" == alert.name || alert.name in ["lag", "down"]', ['down', 'lag']],
    ['alert.name == "" && requester.groups.exists(g, g == alert.severity)', []],
  ])('%s', (source, alerts) => {
    expect(compileCondition(source)).toMatchObject({ condition: { alerts } });
  });
});
