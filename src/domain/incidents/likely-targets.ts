/** Which targets an incident most likely concerns, and why: for a prompt that is there before anyone asks. */
import { compileGlob } from '../policy/glob.ts';
import type { Incidents, Target } from '../policy/types.ts';

/**
 * `configured`: the policy says so for channels of this name. `name`, `topic`: the channel speaks of it. `recent`: used in other
 * recent incidents. `few`: there are hardly any others.
 */
export type LikelyWhy = { kind: 'configured' | 'name' | 'topic' | 'few' } | { kind: 'recent'; incidents: number };
export type LikelyTarget = { target: string; title: string; why: LikelyWhy[] };

type Recent = { target: string; incidents: number };
export type LikelyInput = {
  incidents: Pick<Incidents, 'targets' | 'concerns'>;
  targets: Readonly<Record<string, Pick<Target, 'name' | 'title'>>>;
  channelName: string;
  topic: string;
  recent: readonly Recent[];
};

const MOST = 5;
/** With no more targets than this there is nothing to guess. */
const FEW = 3;
const WEIGHTS = { configured: 1000, name: 300, topic: 200, few: 1 } as const;
const RECENT_WEIGHT_MAX = 100;

/** Words that stand in many titles and distinguish nothing. */
const COMMON = new Set([
  'db',
  'database',
  'the',
  'of',
  'and',
  'prod',
  'production',
  'main',
  'service',
  'data',
  'inc',
  'incident',
]);

const wordsOf = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** Whole, or by a word of its own that is long enough to mean something. */
const isMentioned = ({ name, title }: Pick<Target, 'name' | 'title'>, said: ReadonlySet<string>): boolean => {
  for (const phrase of [name, title]) {
    const words = wordsOf(phrase);
    if (words.length > 0 && words.every((word) => said.has(word))) return true;
    if (words.some((word) => word.length > 2 && !COMMON.has(word) && said.has(word))) return true;
  }
  return false;
};

const configuredFor = ({ incidents, channelName }: LikelyInput): ((target: string) => boolean) => {
  const globs = incidents.concerns
    .filter(({ channels }) => channels.some((pattern) => compileGlob(pattern.toLowerCase())(channelName.toLowerCase())))
    .flatMap(({ targets }) => targets.map(compileGlob));
  return (target) => globs.some((isOf) => isOf(target));
};

const weightOf = (why: readonly LikelyWhy[]): number =>
  why.reduce(
    (sum, one) => sum + (one.kind === 'recent' ? Math.min(RECENT_WEIGHT_MAX, one.incidents * 10) : WEIGHTS[one.kind]),
    0,
  );

/** Best first, at most five; none where nothing points at any. */
export const likelyTargets = (input: LikelyInput): LikelyTarget[] => {
  const allowed = input.incidents.targets.map(compileGlob);
  const candidates = Object.values(input.targets).filter(({ name }) => allowed.some((isOf) => isOf(name)));
  const isConfigured = configuredFor(input);
  const [inName, inTopic] = [new Set(wordsOf(input.channelName)), new Set(wordsOf(input.topic))];
  const uses = new Map(input.recent.map(({ target, incidents }) => [target, incidents]));
  const found = candidates.map((target): LikelyTarget & { weight: number } => {
    const why: LikelyWhy[] = [];
    if (isConfigured(target.name)) why.push({ kind: 'configured' });
    if (isMentioned(target, inName)) why.push({ kind: 'name' });
    if (isMentioned(target, inTopic)) why.push({ kind: 'topic' });
    const incidents = uses.get(target.name) ?? 0;
    if (incidents > 0) why.push({ kind: 'recent', incidents });
    if (why.length === 0 && candidates.length <= FEW) why.push({ kind: 'few' });
    return { target: target.name, title: target.title, why, weight: weightOf(why) };
  });
  return found
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || (a.target < b.target ? -1 : 1))
    .slice(0, MOST)
    .map(({ weight: _weight, ...likely }) => likely);
};
