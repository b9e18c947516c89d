/** The password of a login, and what the server is given instead of it. */
import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

/** 256 random bits. */
const PASSWORD_BYTES = 32;
const SALT_BYTES = 16;
/**
 * Postgres' own default (scram_iterations). The password is random and too long to guess, so one iteration would be as safe and make a
 * login sooner; it is kept because auditors and scanners compare it with the default. The hashing runs here, off the main thread, not in the target.
 */
const ITERATIONS = 4096;

const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const newPassword = (): string => randomBytes(PASSWORD_BYTES).toString('base64url');

/**
 * The verifier Postgres stores for SCRAM-SHA-256 (RFC 5803; postgresql.org/docs/current/catalog-pg-authid.html). Given in place of the password,
 * the password itself never reaches the target's log, its pg_stat_activity or its memory. For ASCII passwords only: they need no SASLprep.
 */
export const scramVerifier = async (password: string): Promise<string> => {
  const salt = randomBytes(SALT_BYTES);
  const salted = await promisify(pbkdf2)(password, salt, ITERATIONS, 32, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest('base64');
  const serverKey = hmac(salted, 'Server Key').toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
};

export type LoginSecret = { password: string; verifier: string };

const newSecret = async (): Promise<LoginSecret> => {
  const password = newPassword();
  return { password, verifier: await scramVerifier(password) };
};

let ahead: Promise<LoginSecret> | null = null;

/** Each is given once. One is made ahead, because somebody waits while it is hashed; it opens nothing until it is given. */
export const nextSecret = (): Promise<LoginSecret> => {
  const given = ahead ?? newSecret();
  ahead = null;
  return given.finally(() => {
    ahead ??= newSecret();
    // Anyone who takes it hears of a failure.
    ahead.catch(() => undefined);
  });
};
