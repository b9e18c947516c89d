/** Membership of a group in an LDAP directory: a person's own account is put in, and taken out at the end. */
import { defineMembership } from '../kit/membership.ts';
import { attributeField, configSchema, scopeSchema } from './config.ts';
import { escapedForDn, isDn } from './names.ts';
import { manual, prepare } from './prepare.ts';
import { openRoster } from './roster.ts';

const SURVIVES =
  'Programs that read the group earlier go on with what they read: sessions that are open, tokens that were given out, and caches such as those of sssd.';

export const ldap = defineMembership({
  id: 'ldap',
  title: 'LDAP group',
  config: configSchema,
  scope: scopeSchema,
  identity: {
    lookup: attributeField,
    nameProblem: (name) => (/\0|^\s|\s$/.test(name) ? 'has a zero character, or blanks around it' : null),
    quote: (template, value) => (isDn(template.replaceAll(/\{[^{}]*\}/g, 'x')) ? escapedForDn(value) : value),
  },
  width: 20,
  open: openRoster,
  survives: () => SURVIVES,
  manual,
  prepare,
});
