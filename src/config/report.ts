/** Collects problems with their lines; shared by everything that checks one file. */
import { showPath } from './problem.ts';
import type { ConfigProblem, Path } from './problem.ts';

export type Report = {
  problems: ConfigProblem[];
  warnings: ConfigProblem[];
  refuse: (code: string, path: Path, message: string) => void;
  warn: (code: string, path: Path, message: string) => void;
  lineOf: (path: Path) => number | null;
};

export const createReport = (lineOf: Report['lineOf']): Report => {
  const problems: ConfigProblem[] = [];
  const warnings: ConfigProblem[] = [];
  return {
    problems,
    warnings,
    refuse: (code, path, message) => void problems.push({ code, path: showPath(path), line: lineOf(path), message }),
    warn: (code, path, message) => void warnings.push({ code, path: showPath(path), line: lineOf(path), message }),
    lineOf,
  };
};
