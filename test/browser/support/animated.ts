/** Screenshots one after the other as one animated PNG. Their picture data is taken over as it is, so nothing is encoded anew. */
import { crc32 } from 'node:zlib';

export type Frame = { png: Buffer; ms: number };

/** PNG and its animation: w3.org/TR/png-3 (acTL, fcTL, fdAT). */
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

const chunk = (type: string, data: Buffer): Buffer => {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  return Buffer.concat([number(data.length), body, number(crc32(body))]);
};

const chunksOf = (png: Buffer): { type: string; data: Buffer }[] => {
  const found = [];
  for (let at = SIGNATURE.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    found.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return found;
};

const headerOf = (png: Buffer): Buffer => chunksOf(png).find(({ type }) => type === 'IHDR')?.data ?? Buffer.alloc(0);

const dataOf = (png: Buffer): Buffer =>
  Buffer.concat(chunksOf(png).flatMap(({ type, data }) => (type === 'IDAT' ? [data] : [])));

/** All of one size; repeated for ever. */
export const animatedPng = (frames: Frame[]): Buffer => {
  const [first] = frames;
  if (first === undefined) throw new Error('There is no frame.');
  const header = headerOf(first.png);
  if (frames.some(({ png }) => !headerOf(png).equals(header)))
    throw new Error('The frames are not of one kind and size.');
  let sequence = 0;
  const control = (ms: number): Buffer =>
    chunk(
      'fcTL',
      Buffer.concat([
        number(sequence++),
        header.subarray(0, 8),
        number(0),
        number(0),
        Buffer.from([(ms >> 8) & 0xff, ms & 0xff, 1_000 >> 8, 1_000 & 0xff, 0, 0]),
      ]),
    );
  const pictures = frames.flatMap(({ png, ms }, index) => [
    control(ms),
    index === 0 ? chunk('IDAT', dataOf(png)) : chunk('fdAT', Buffer.concat([number(sequence++), dataOf(png)])),
  ]);
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    chunk('acTL', Buffer.concat([number(frames.length), number(0)])),
    ...pictures,
    chunk('IEND', Buffer.alloc(0)),
  ]);
};
