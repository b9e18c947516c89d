/** What a person writes where only the owner of the account can: it says whose it is, so nobody writes it for somebody else unawares. */
import type { LinkedKind } from './account-host.ts';

export const SERVICE: Record<LinkedKind, string> = { github: 'GitHub', gitlab: 'GitLab' };

/** Where it is written. */
export const PLACE: Record<LinkedKind, string> = { github: 'gist', gitlab: 'personal snippet' };

const CODE = /\blkl1(?:\.[\w-]{8,200}){3}(?![\w.-])/;

type Stated = { kind: LinkedKind; name: string; userId: string; code: string };

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

export const statementOf = ({ kind, name, userId, code }: Stated): string =>
  `I am ${oneLine(name)} (${userId}) in Slack, and this ${SERVICE[kind]} account is mine. Latchkey ${code}`;

/** The code in a text that is this statement of this person and nothing else; else null. */
export const codeIn = (text: string, of: Omit<Stated, 'code'>): string | null => {
  const code = CODE.exec(text)?.[0] ?? null;
  return code !== null && oneLine(text) === statementOf({ ...of, code }) ? code : null;
};
