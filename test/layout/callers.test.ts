/** A caller is made only where a call comes in: a verb that made its own would act for somebody whom no door has established. */
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Client, ClientJob } from '../../src/domain/principals/client.ts';
import type { Person } from '../../src/domain/principals/person.ts';
import type { Caller, ClientCaller, PersonCaller } from '../../src/application/identity/caller.ts';
import type { UseCases } from '../../src/application/verbs.ts';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
const textOf = (file: string): string => readFileSync(path.join(root, file), 'utf8');

const CALLER = path.join('application', 'identity', 'caller.ts');
const MAKERS = /\bcaller(?:FromSlack|OnCall|FromSession|ForOverride)\b/;
const CAST = /\bas (?:unknown as )?(?:Caller|PersonCaller|ClientCaller)\b/;

/** Doors, the place that opens them, the alert that a rule answers for whoever is on call or a person for a client, a freeze that is overridden for who was denied, a window that an approver allows a client to use, and what GitHub's signed deliveries and GitLab's API bring. */
const DOORS = [
  /^slack\/door\//,
  /^http\//,
  /^compose\//,
  /^application\/alerts\/(?:route-alert|request-for-client)\.ts$/,
  /^application\/break-glass\/override-freeze\.ts$/,
  /^application\/requests\/(?:allow-client|request-of-job)\.ts$/,
  /^application\/github\//,
  /^application\/gitlab\//,
];

test('only doors make callers', () => {
  const makers = files.filter((file) => file !== CALLER && MAKERS.test(textOf(file)));
  expect(makers.filter((file) => !DOORS.some((door) => door.test(file)))).toEqual([]);
  expect(makers).toContain('compose/app.ts');
});

test('nothing but caller.ts turns something else into a caller', () => {
  expect(files.filter((file) => CAST.test(textOf(file)))).toEqual([CALLER]);
});

test('no verb takes a Slack user id for its caller, nor asks the directory who that is', () => {
  const rooms = files.filter((file) => file.startsWith(`application${path.sep}`));
  const asking = rooms.filter((file) => /directory\.person\((?:input\.)?userId\)/.test(textOf(file)));
  // Persons who are named in the input, and whom Slack names as the doer of an event that may be a bot's.
  const named = ['incidents/sync-incident-channel.ts', 'people/confirm-email.ts', 'requests/away.ts'];
  expect(asking.filter((file) => file !== CALLER).toSorted()).toEqual(named.map((file) => `application/${file}`));
});

describe('the types', () => {
  test('what looks like a caller is none, and a client has no vote, no break-glass, no pre-approval', () => {
    const person: Person = {
      kind: 'person',
      id: 'T1:U1',
      teamId: 'T1',
      userId: 'U1',
      name: 'Ada',
      email: null,
      timezone: null,
      isActive: true,
    };
    // @ts-expect-error the mark is not there
    const forged: PersonCaller = { kind: 'person', person };
    // @ts-expect-error the mark is not there
    const machine: ClientCaller = { kind: 'client', client: {} as Client, job: {} as ClientJob, startedBy: [] };
    const asked = { target: '', role: '', durationMs: 1, reason: '', ticket: null, idempotencyKey: null };
    const wrong = (verbs: UseCases, caller: ClientCaller, any: Caller): unknown[] => [
      // @ts-expect-error a vote is a person's
      () => verbs.vote({ caller, requestId: '', kind: 'approve', reason: null }),
      // @ts-expect-error whoever may be a client may not vote
      () => verbs.vote({ caller: any, requestId: '', kind: 'approve', reason: null }),
      // @ts-expect-error break-glass is a person's
      () => verbs.breakGlass({ caller, ...asked }),
      // @ts-expect-error a pre-approval is a person's
      () => verbs.preApprove({ caller, personUserId: '', target: '', role: '', forMs: 1 }),
      // @ts-expect-error so is the end of everything
      () => verbs.revokeAll({ caller, what: { kind: 'all' }, reason: null }),
      () => verbs.createRequest({ caller, ...asked }),
      () => verbs.showCredentials({ caller: any, grantId: '' }),
    ];
    expect([forged, machine, wrong]).toHaveLength(3);
  });
});
