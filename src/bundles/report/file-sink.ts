/** One file that is written piece by piece: its hash and size are known when it is whole. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import type { WrittenFile } from '../../application/reports/report-ports.ts';

export type FileSink = {
  /** Never waits; `drained` does, where `isFull` says so. */
  write(data: Uint8Array | string): void;
  isFull(): boolean;
  drained(): Promise<void>;
  end(): Promise<WrittenFile>;
};

/** Lines are short: so many letters are hashed and written at a time. */
const CHUNK_CHARS = 65_536;

/** Gathers texts, and gives on what is long enough; bytes as they come. */
const gathering = (put: (bytes: Uint8Array) => void) => {
  let waiting = '';
  const flush = (): void => {
    if (waiting === '') return;
    const text = waiting;
    waiting = '';
    put(Buffer.from(text));
  };
  return {
    flush,
    write: (data: Uint8Array | string): void => {
      if (typeof data !== 'string') {
        flush();
        put(data);
        return;
      }
      waiting += data;
      if (waiting.length >= CHUNK_CHARS) flush();
    },
  };
};

export const openFile = async (folder: string, name: string): Promise<FileSink> => {
  const stream = createWriteStream(path.join(folder, name));
  await once(stream, 'open');
  const digest = createHash('sha256');
  let size = 0;
  let failure: Error | null = null;
  stream.on('error', (error) => (failure = error));
  const demandGood = (): void => {
    if (failure) throw failure;
  };
  const { write, flush } = gathering((bytes) => {
    digest.update(bytes);
    size += bytes.length;
    stream.write(bytes);
  });
  return {
    write,
    isFull: () => failure !== null || stream.writableNeedDrain,
    drained: async () => {
      demandGood();
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    end: async () => {
      demandGood();
      flush();
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        stream.end(resolve);
      });
      return { name, sha256: digest.digest('hex'), size };
    },
  };
};
