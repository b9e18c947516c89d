/** A moment as an option of a command has it. */
import { InvalidArgumentError } from 'commander';

export const readDate = (text: string): Date => {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()))
    throw new InvalidArgumentError('Write a date as 2026-09-30 or 2026-09-30T12:00:00Z.');
  return date;
};
