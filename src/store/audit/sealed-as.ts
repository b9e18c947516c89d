/** Whether a place in the chain holds what was sealed there. */
import type { AuditRecord } from '../../domain/audit/events.ts';
import { hashOf } from './chain.ts';
import { OPEN_TAG, PERSONAL_TAG, chainHashOf, commitmentTo, isMadeOf, personalTextOf } from './leaf.ts';
import type { Commitments } from './leaf.ts';
import type { Link, TreePlace } from './read.ts';

/** From the texts themselves; the commitment that is stored counts only where the personal part is erased, or its event gone. */
export const commitmentsOf = (tree: TreePlace, event: AuditRecord | null): Commitments => ({
  open: commitmentTo(OPEN_TAG, tree.open),
  personal:
    tree.personalSalt && event
      ? commitmentTo(PERSONAL_TAG, { text: personalTextOf(event), salt: tree.personalSalt })
      : tree.personalCommitment,
});

/** What else might stand there: another number, another event with its salt. */
type Instead = { seq?: number; event?: AuditRecord; personalSalt?: Buffer | null };

const isInTree = (link: Link, tree: TreePlace, { seq = link.seq, event, personalSalt }: Instead): boolean => {
  const found = event ?? link.event;
  if (!found) return false;
  const place = personalSalt === undefined ? tree : { ...tree, personalSalt };
  return isPlaced({ ...link, seq }, { place, found, commitments: commitmentsOf(place, found) });
};

type Placed = { place: TreePlace; found: AuditRecord; commitments: Commitments };

const isPlaced = ({ seq, prevHash, hash }: Link, { place, found, commitments }: Placed): boolean =>
  isMadeOf(place.open.text, { event: found, isErased: place.personalSalt === null }) &&
  commitments.personal.equals(place.personalCommitment) &&
  chainHashOf(seq, prevHash, commitments) === hash;

export const isSealedAs = (link: Link, instead: Instead = {}): boolean => {
  if (link.tree) return isInTree(link, link.tree, instead);
  const event = instead.event ?? link.event;
  return event !== null && hashOf(instead.seq ?? link.seq, link.prevHash, event) === link.hash;
};

/** The same for a place as it stands, whose commitments are known. */
export const isSealed = (link: Link, commitments: Commitments | null): boolean => {
  const { tree, event } = link;
  if (!tree || !commitments) return isSealedAs(link);
  return event !== null && isPlaced(link, { place: tree, found: event, commitments });
};
