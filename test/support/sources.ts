/** What the project says: its source, documents and examples, as texts. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

export type Text = { file: string; text: string };

const read = (file: string): Text => ({ file, text: readFileSync(path.join(root, file), 'utf8') });

const under = (folder: string, pattern: RegExp): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll('\\', '/'));

/** The product, without the local workspace, which has commands and settings of its own. */
export const productSources = (): Text[] =>
  under('src', /\.ts$/)
    .filter((file) => !/^(?:src\/local|sandbox)\//.test(file))
    .map(read);

export const documents = (): Text[] =>
  [...under('docs', /\.md$/), 'README.md', 'latchkey.example.yml', 'manifest.yml', 'Dockerfile'].map(read);
