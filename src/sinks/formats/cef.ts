/** ArcSight's Common Event Format: one line. A reader splits it at pipes and equals signs, so text of people must add neither. */
import { printableJson } from '../../lib/printable.ts';
import { programVersion } from '../../lib/version.ts';
import { textOf } from './event.ts';
import type { Facts } from './event.ts';

const MARKS = String.raw`\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`;
const UNSAFE = new RegExp(`[\\p{Cc}\\p{Cs}${MARKS}]`, 'gu');
const LINE_END = /\r\n|[\r\n\u0085\u2028\u2029]/g;
const [HIGH, MEDIUM] = [7, 5];

const numbered = (letter: string): string =>
  `\\\\u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** A header field has no way to write a line end. */
const header = (text: string): string =>
  text
    .replaceAll(/[\\|]/g, String.raw`\$&`)
    .replaceAll(LINE_END, ' ')
    .replaceAll(UNSAFE, numbered);

const extension = (text: string): string =>
  text
    .replaceAll(/[\\=]/g, String.raw`\$&`)
    .replaceAll(LINE_END, String.raw`\n`)
    .replaceAll(UNSAFE, numbered);

export const isAlarming = ({ type, data }: Facts): boolean =>
  /^break_glass\.|^drift\.found$/.test(type) || data['isBreakGlass'] === true;

const labelled = (key: string, label: string, value: string | null | undefined): [string, string][] =>
  typeof value === 'string'
    ? [
        [key, value],
        [`${key}Label`, label],
      ]
    : [];

const given = (key: string, value: string | null | undefined): [string, string][] =>
  typeof value === 'string' ? [[key, value]] : [];

/** The data come last: a receiver that cuts a long line keeps number and hashes. */
const fieldsOf = (facts: Facts, origin: string): [string, string][] => {
  const { actor, data, type } = facts;
  return [
    ['rt', String(Date.parse(facts.at))],
    ['externalId', facts.id],
    ...labelled('cn1', 'seq', String(facts.seq)),
    ...labelled('cs1', 'hash', facts.hash),
    ...labelled('cs2', 'prevHash', facts.prevHash),
    ['deviceExternalId', origin],
    ['act', type],
    ['outcome', /\.(?:refused|denied|failed)$/.test(type) ? 'failure' : 'success'],
    ...given('suid', textOf(actor.id)),
    ...given('suser', textOf(actor.name)),
    ...given('duid', textOf(data['person'])),
    ...labelled('cs3', 'grantId', facts.grantId),
    ...labelled('cs4', 'requestId', facts.requestId),
    ...labelled('cs5', 'target', facts.target),
    ...labelled('cs6', 'role', facts.role),
    ...labelled('flexString1', 'email', textOf(actor.email)),
    ...labelled('flexString2', 'actorKind', textOf(actor.kind)),
    ['msg', printableJson(JSON.stringify(data))],
  ];
};

export const cef = (facts: Facts, origin: string): string => {
  const severity = isAlarming(facts) ? HIGH : MEDIUM;
  const head = ['CEF:0', 'Latchkey', 'Latchkey', programVersion(), facts.type, facts.type].map(header);
  const fields = fieldsOf(facts, origin).map(([key, value]) => `${key}=${extension(value)}`);
  return `${head.join('|')}|${severity}|${fields.join(' ')}`;
};
