/** RFC 3161: the request for a time stamp, and what an answer must hold. Whose signature it is, `openssl ts -verify` checks. */
import { SEQUENCE, INTEGER, OCTETS, der, derValues } from '../lib/der.ts';
import type { DerValue } from '../lib/der.ts';

const SHA256_OID = Buffer.from('0609608648016503040201', 'hex');
const NULL = Buffer.from([0x05, 0x00]);
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const ONE = Buffer.from([0x01]);
const GENERALIZED_TIME = 0x18;
/** granted, grantedWithMods. */
const GRANTED = [0, 1];
const imprintOf = (hash: Buffer): Buffer => der(SEQUENCE, der(SEQUENCE, SHA256_OID, NULL), der(OCTETS, hash));

/** `nonce`: its first bit is clear, so that it is a positive number. The certificates are to be in the answer. */
export const stampRequest = (hash: Buffer, nonce: Buffer): Buffer =>
  der(SEQUENCE, der(INTEGER, ONE), imprintOf(hash), der(INTEGER, nonce), TRUE);

const inside = (value: DerValue | undefined): DerValue[] => (value && derValues(value.content)) ?? [];

/** ContentInfo, in it SignedData, in it what was signed: the info, as bytes in an octet string. */
const infoOf = (token: DerValue | undefined): DerValue[] => {
  const [, signedData] = inside(token);
  const [data] = inside(signedData);
  const [, , encapsulated] = inside(data);
  const [, explicit] = inside(encapsulated);
  const [octets] = inside(explicit);
  const [info] = (octets && derValues(octets.content)) ?? [];
  return inside(info);
};

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?Z$/;

/** The moment that the answer says, or why it is none. */
export const stampedAt = (answer: Buffer, { hash, nonce }: { hash: Buffer; nonce: Buffer | null }): Date | string => {
  const [whole] = derValues(answer) ?? [];
  const [status, token] = inside(whole);
  const [code] = inside(status);
  if (!code || !GRANTED.includes(code.content.at(-1) ?? -1)) return 'it refused the request';
  const info = infoOf(token);
  if (!info.some((value) => value.whole.equals(imprintOf(hash)))) return 'its stamp is for something else';
  if (nonce && !info.some((value) => value.tag === INTEGER && value.content.equals(nonce)))
    return 'its stamp is for another request';
  const time = info.find(({ tag }) => tag === GENERALIZED_TIME)?.content.toString('latin1') ?? '';
  const [, year, month, day, hour, minute, second] = TIME.exec(time) ?? [];
  return year === undefined
    ? 'its stamp has no time'
    : new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
};
