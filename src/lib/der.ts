/** As much of DER as RFC 3161 needs: a few values written, and any value read by its place. */
export const SEQUENCE = 0x30;
export const INTEGER = 0x02;
export const OCTETS = 0x04;
const SHORT = 0x80;
const BYTE = 0x100;

const lengthOf = (length: number): number[] => {
  if (length < SHORT) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / BYTE)) bytes.unshift(rest % BYTE);
  return [SHORT | bytes.length, ...bytes];
};

export const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
};

export type DerValue = { tag: number; content: Buffer; whole: Buffer };

/** The values that stand one after the other in these bytes; null where they are no DER. */
export const derValues = (bytes: Buffer): DerValue[] | null => {
  const found: DerValue[] = [];
  for (let at = 0; at < bytes.length;) {
    const [tag, first] = [bytes[at], bytes[at + 1]];
    if (tag === undefined || first === undefined) return null;
    const more = first < SHORT ? 0 : first - SHORT;
    if (more > 4 || (first >= SHORT && more === 0) || at + 2 + more > bytes.length) return null;
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more);
    const [start, end] = [at + 2 + more, at + 2 + more + length];
    if (end > bytes.length) return null;
    found.push({ tag, content: bytes.subarray(start, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
};
