/** The files of a bundle that people read, and the zip around all of them. */
import { readFile } from 'node:fs/promises';
import { zipSync } from 'fflate';
import type { Files, Rendering } from '../application/evidence/make-evidence.ts';
import { reportHtml } from './report-html.ts';
import { reportPdf } from './report-pdf.ts';

const VERIFIER = new URL('../../evidence/verify.py', import.meta.url);
const LEVEL = 6;

const zip = (files: Files): Buffer => Buffer.from(zipSync(files, { level: LEVEL }));

export const rendering: Rendering = { html: reportHtml, pdf: reportPdf, verifier: () => readFile(VERIFIER), zip };
