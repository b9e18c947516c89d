/** Whether a place in the chain holds what was sealed there. */
import type { AuditRecord } from '../../domain/audit/events.ts';
import { hashOf } from './chain.ts';
import { OPEN_TAG, PERSONAL_TAG, chainHashOf, commitmentTo, isMadeOf } from './leaf.ts';
import type { Commitments, Salted } from './leaf.ts';
import type { Link, TreePlace } from './read.ts';

/** From the texts themselves; the commitment that is stored counts only where the personal text is erased. */
export const commitmentsOf = ({ open, personal, personalCommitment }: TreePlace): Commitments => ({
  open: commitmentTo(OPEN_TAG, open),
  personal: personal ? commitmentTo(PERSONAL_TAG, personal) : personalCommitment,
});

/** What else might stand there: another number, another event. */
type Instead = { seq?: number; event?: AuditRecord; personal?: Salted | null };

const isInTree = (link: Link, tree: TreePlace, { seq = link.seq, event, personal }: Instead): boolean => {
  const told = event ?? link.event;
  const place = personal === undefined ? tree : { ...tree, personal };
  const commitments = commitmentsOf(place);
  return (
    told !== null &&
    isMadeOf({ open: place.open.text, personal: place.personal?.text ?? null }, told) &&
    commitments.personal.equals(tree.personalCommitment) &&
    chainHashOf(seq, link.prevHash, commitments) === link.hash
  );
};

export const isSealedAs = (link: Link, instead: Instead = {}): boolean => {
  if (link.tree) return isInTree(link, link.tree, instead);
  const event = instead.event ?? link.event;
  return event !== null && hashOf(instead.seq ?? link.seq, link.prevHash, event) === link.hash;
};
