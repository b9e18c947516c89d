/** Who writes the documents and reads the proofs that verbs need. */
import type { DocumentWriters } from '../application/application.ts';
import { adviceWriter } from './advice.ts';
import { documentsOf } from './documents.ts';
import type { AppOptions } from './options.ts';
import type { Core } from './parts.ts';
import { proofsOf } from './proofs.ts';
import { evidenceOf } from './record.ts';

type Writing = Pick<Core, 'pool' | 'store' | 'connection' | 'deps' | 'github' | 'gitlab'>;

export const writersOf = (options: AppOptions, { github, gitlab, ...parts }: Writing): DocumentWriters => ({
  ...documentsOf(evidenceOf(options, parts), parts.deps),
  advice: adviceWriter(options, parts),
  proofs: proofsOf({ github, gitlab }),
});
