/** How commands answer: text for people, JSON for programs, and an exit code. */
export type Exit = 0 | 1;

export const print = (line: string): void => void process.stdout.write(`${line}\n`);
export const printJson = (value: object): void => print(JSON.stringify(value, null, 2));
