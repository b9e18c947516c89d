/** Distinguished names as RFC 4514 writes them: what is one, and how a value stands in one. */

/** An attribute, "=", and a value in which every special character is escaped. */
const RDN = /^\s*(?:[a-zA-Z][a-zA-Z0-9-]*|\d+(?:\.\d+)*)\s*=(?:[^,+"\\<>;\0]|\\[ "#+,;<=>\\]|\\[0-9a-fA-F]{2})+$/;

/** At separators that are not escaped. */
const split = (dn: string, separator: ',' | '+'): string[] => {
  const parts: string[] = [''];
  for (let at = 0; at < dn.length; at += 1) {
    const char = dn.charAt(at);
    if (char === separator) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${char === '\\' ? dn.slice(at, (at += 1) + 1) : char}`);
  }
  return parts;
};

export const isDn = (text: string): boolean =>
  text !== '' && split(text, ',').every((part) => split(part, '+').every((rdn) => RDN.test(rdn)));

export const dnProblem = (text: string): string | null =>
  isDn(text) ? null : 'must be a DN such as cn=prod,ou=groups,dc=acme,dc=test, with special characters escaped by \\';

/** As a value of a DN: nothing in it ends the value or begins another. */
export const escapedForDn = (value: string): string =>
  value
    .replaceAll(/[\\,+"<>;=#]/g, (char) => `\\${char}`)
    .replaceAll('\0', '\\00')
    .replace(/^ /, '\\ ')
    .replace(/ $/, '\\ ');

/** For comparing: capitals and blanks around separators mean nothing. */
export const normal = (dn: string): string =>
  split(dn, ',')
    .map((part) =>
      part
        .trim()
        .replace(/\s*=\s*/, '=')
        .toLowerCase(),
    )
    .join(',');

export const isUnder = (dn: string, base: string): boolean => normal(dn).endsWith(`,${normal(base)}`);
export const isSameDn = (one: string, other: string): boolean => normal(one) === normal(other);
