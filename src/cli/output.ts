/** How commands answer: text for people, JSON for programs, and an exit code. */
import { printable, printableJson } from '../lib/printable.ts';

export type Exit = 0 | 1;

export const print = (text: string): void => void process.stdout.write(`${printable(text)}\n`);
export const printJson = (value: object): void => print(printableJson(JSON.stringify(value, null, 2)));
