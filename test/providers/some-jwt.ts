/** A token in the form of a JWT, which no one signed: what a platform writes into a file. */

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export const someJwt = (sub: string): string => `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ sub })}.c2lnbmVk`;
