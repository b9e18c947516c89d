/**
 * An inline policy in the role for each grant, there before the session is: it denies that session everything from the deadline on, and at once
 * when it is closed. It names the grant, so what was given is found without memory. It stays until every session that it denies is over.
 */
import { z } from 'zod';
import { checkGrantId, slugOf } from '../kit/login-name.ts';

const PREFIX = 'latchkey-';
/** Of a session's name. */
const LONGEST_NAME = 64;
const SECOND_MS = 1_000;
const SID = /^Lk(\d{13,16})x(\d{13,16})$/;

/** What a policy of ours says. `deadline`: null where it is closed. `heldUntil`: when no session can be left that it denies. */
export type Mark = { deadline: Date | null; heldUntil: Date };
/** `whole`: it denies all that it should, in the form that we write. */
export type Found = Mark & { isWhole: boolean };

export const markName = (grantId: string): string => `${PREFIX}${checkGrantId(grantId)}`;
export const isMarkName = (name: string): boolean => name.startsWith(PREFIX);

/** The grant that a policy of ours is named after, or null where it is not named so. */
export const grantNamedIn = (name: string): string | null => /^latchkey-([a-z0-9]{1,40})$/.exec(name)?.[1] ?? null;

/** `lk-<grant>-<name>`: every session of this grant starts so, and no other. */
const sessionPrefix = (grantId: string): string => `lk-${checkGrantId(grantId)}-`;

export const sessionName = (grantId: string, holder: string): string =>
  `${sessionPrefix(grantId)}${slugOf(holder)}`.slice(0, LONGEST_NAME).replace(/_+$/, '');

/** Up to the next whole second: AWS's dates have no fractions, and nobody is refused before their time. */
const asWhole = (at: Date): Date => new Date(Math.ceil(at.getTime() / SECOND_MS) * SECOND_MS);
const isoOf = (at: Date): string => asWhole(at).toISOString().replace('.000', '');

const padded = (at: Date): string => String(at.getTime()).padStart(13, '0');

/** A statement's id takes letters and digits only. The deadline stands in it to the millisecond. */
export const markText = (grantId: string, { deadline, heldUntil }: Mark): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Sid: `Lk${padded(deadline ?? new Date(0))}x${padded(heldUntil)}`,
      Effect: 'Deny',
      Action: '*',
      Resource: '*',
      Condition: {
        StringLike: { 'aws:userid': `*:${sessionPrefix(grantId)}*` },
        ...(deadline !== null && { DateGreaterThanEquals: { 'aws:CurrentTime': isoOf(deadline) } }),
      },
    },
  });

const schema = z.looseObject({
  Statement: z.looseObject({
    Sid: z.string().regex(SID),
    Condition: z.looseObject({
      DateGreaterThanEquals: z.looseObject({ 'aws:CurrentTime': z.iso.datetime({ offset: true }) }).optional(),
    }),
  }),
});

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
};

/** Null where it is none of ours, whatever its name says. */
export const markIn = (grantId: string, text: string): Found | null => {
  const value = parsed(text);
  const { data } = schema.safeParse(value);
  const [, exact = '0', held = '0'] = SID.exec(data?.Statement.Sid ?? '') ?? [];
  if (!data) return null;
  const shown = data.Statement.Condition.DateGreaterThanEquals?.['aws:CurrentTime'];
  const written = new Date(Number(exact));
  const isAsWritten = shown !== undefined && asWhole(written).getTime() === Date.parse(shown);
  const heldUntil = new Date(Number(held));
  const deadline = shown === undefined ? null : isAsWritten ? written : new Date(shown);
  const isWhole = JSON.stringify(value) === markText(grantId, { deadline, heldUntil });
  return { deadline, heldUntil, isWhole };
};
