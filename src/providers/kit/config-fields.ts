/** Parts of a target's `config` and of a role's `scope` that several providers have. */
import { z } from 'zod';
import { caProblem } from '../../lib/certificates.ts';
import { SSL_MODES, isInTheClear, type SslMode } from '../../lib/postgres-tls.ts';

export const wholeNumber = (least: number, most: number): z.ZodNumber => {
  const sentence = `must be a whole number from ${least} to ${most}`;
  return z.int(sentence).min(least, sentence).max(most, sentence);
};

export const portField = wholeNumber(1, 65_535);

/** As libpq means it; the URL's own `sslmode` counts when this is not set. */
export const sslmodeField = z.enum(SSL_MODES, `must be one of ${SSL_MODES.join(', ')}`);

/** PEM of the authority that signed the server's certificate, where the system does not know it. `remedy` says how to give it as a file. */
export const caField = (remedy: string): z.ZodString =>
  z.string('must be a certificate in PEM').superRefine((text, ctx) => {
    const message = caProblem(text, remedy);
    if (message) ctx.addIssue({ code: 'custom', message });
  });

/** `isInUrl`: the mode stands in the URL, or nowhere. */
export const clearTextWarnings = ({
  host,
  sslmode,
  isInUrl,
}: {
  host: string;
  sslmode: SslMode | null;
  isInUrl: boolean;
}): { path: string; message: string }[] => {
  if (!isInTheClear({ host, sslmode })) return [];
  const message = `The connection to ${host} is not encrypted: its password and data can be read on the way. Set sslmode to verify-full.`;
  return [{ path: isInUrl ? 'url' : 'sslmode', message }];
};
