/** Values as SSH writes them (RFC 4251): a length in four bytes, then the bytes. */

export const sshString = (value: string | Buffer): Buffer => {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};

/** The strings that `bytes` begins with, up to `most`, and what follows them; null where it ends in the middle of one. */
export const readSshStrings = (
  bytes: Buffer,
  most = Number.POSITIVE_INFINITY,
): { strings: Buffer[]; rest: Buffer } | null => {
  const strings: Buffer[] = [];
  let rest = bytes;
  while (rest.length > 0 && strings.length < most) {
    if (rest.length < 4) return null;
    const end = 4 + rest.readUInt32BE(0);
    if (rest.length < end) return null;
    strings.push(rest.subarray(4, end));
    rest = rest.subarray(end);
  }
  return { strings, rest };
};
