/** What a checkpoint is called where each is a file of its own: size and root, so that they stand in order and two of one size stand side by side. */
import type { StoredCheckpoint } from '../application/evidence/evidence-ports.ts';

const SIZE_DIGITS = 12;
const ROOT_DIGITS = 16;
const NAME = /^\d{12}-[0-9a-f]{16}\.checkpoint$/;

export const checkpointName = ({ size, root }: Pick<StoredCheckpoint, 'size' | 'root'>): string =>
  `${String(size).padStart(SIZE_DIGITS, '0')}-${root.toString('hex').slice(0, ROOT_DIGITS)}.checkpoint`;

export const isCheckpointName = (name: string): boolean => NAME.test(name);
