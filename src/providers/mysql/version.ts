/** Which server it is, by the version that it reports. */
import { ProviderError } from '../provider.ts';
import { mariadb } from './dialect-mariadb.ts';
import { mysql8 } from './dialect-mysql.ts';
import type { Dialect } from './dialect.ts';

const OLDEST = { mariadb: 100_600, mysql: 80_021 } as const;

export const oldVersion = ({ id, number, title, version }: Dialect): string | null =>
  number >= OLDEST[id]
    ? null
    : `This is ${title} ${version}; Latchkey grants access in MariaDB 10.6 and MySQL 8.0.21 or newer.`;

/** MySQL lists sessions in performance_schema. Where that is off the list is empty, no matter who is in, so no end could be believed. */
export const unseenSessions = ({ id }: Pick<Dialect, 'id'>, hasPerformanceSchema: boolean): string | null =>
  id === 'mariadb' || hasPerformanceSchema
    ? null
    : 'performance_schema is off in this MySQL, so nobody sees which sessions are open. Set performance_schema = ON in the configuration of the server, and restart it.';

/** `8.0.36`, or `10.11.19-MariaDB-0+deb12u1`; some proxies put `5.5.5-` in front. */
export const dialectOf = (reported: string, where: string): Dialect => {
  const isMariaDb = /mariadb/i.test(reported);
  const [, major, minor, patch] = /^(?:5\.5\.5-(?=\d))?(\d+)\.(\d+)\.(\d+)/.exec(reported) ?? [];
  if (major === undefined)
    throw new ProviderError('unsupported', `The server at ${where} does not report a version that Latchkey knows.`);
  const number = Number(major) * 10_000 + Number(minor) * 100 + Number(patch);
  const version = `${major}.${minor}.${patch}`;
  return isMariaDb ? mariadb(version, number) : mysql8(version, number);
};
