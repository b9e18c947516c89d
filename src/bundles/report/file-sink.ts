/** One file that is written piece by piece: its hash and size are known when it is whole. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import type { WrittenFile } from '../../application/reports/report-ports.ts';

export type FileSink = {
  /** Never waits; `drained` does. */
  write(data: Uint8Array | string): void;
  drained(): Promise<void>;
  end(): Promise<WrittenFile>;
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
  return {
    write: (data) => {
      const bytes = typeof data === 'string' ? Buffer.from(data) : data;
      digest.update(bytes);
      size += bytes.length;
      stream.write(bytes);
    },
    drained: async () => {
      demandGood();
      if (stream.writableNeedDrain) await once(stream, 'drain');
    },
    end: async () => {
      demandGood();
      await new Promise<void>((resolve, reject) => {
        stream.on('error', reject);
        stream.end(resolve);
      });
      return { name, sha256: digest.digest('hex'), size };
    },
  };
};
