/** What a bundle of evidence is made of. */
import type pg from 'pg';
import type { AuditTree, StoredEvent } from '../../application/evidence/evidence-ports.ts';
import { inclusionPlan } from '../../lib/transparency/tree.ts';
import { personalTextOf } from './leaf.ts';
import { readPlans, readTreeSize } from './tree.ts';

type Row = {
  seq: string;
  openText: string;
  openSalt: Buffer;
  personalCommitment: Buffer;
  actor: string;
  data: string;
  salt: Buffer | null;
};

/** Two statements, since each has an index of its own. */
const EVENTS = `
select c.seq, c.open_text as "openText", c.open_salt as "openSalt", c.personal_commitment as "personalCommitment", e.actor, e.data, p.salt
from (
  select * from audit_chain where grant_id = $1 and open_text is not null
  union
  select * from audit_chain where request_id = $2 and open_text is not null
) c join audit_events e on e.id = c.event_id left join audit_personal p on p.event_id = c.event_id
where c.seq <= $3 order by c.seq`;

const eventOf = ({ seq, openText, openSalt, personalCommitment, actor, data, salt }: Row): StoredEvent => ({
  seq: Number(seq),
  open: { text: openText, salt: openSalt },
  personal: salt === null ? { commitment: personalCommitment } : { text: personalTextOf({ actor, data }), salt },
  personalCommitment,
});

/** The newest of them covers the most. */
const ERASURE = `
select c.seq, c.open_text as "openText", c.open_salt as "openSalt", c.personal_commitment as "personalCommitment", e.actor, e.data, p.salt
from audit_events e join audit_chain c on c.event_id = e.id left join audit_personal p on p.event_id = e.id
where e.type = 'record.erased' and c.open_text is not null and c.seq <= $1 order by c.seq desc limit 1`;

const REVOCATIONS = `
select c.seq, c.open_text as "openText", c.open_salt as "openSalt", c.personal_commitment as "personalCommitment", e.actor, e.data, p.salt
from audit_events e join audit_chain c on c.event_id = e.id left join audit_personal p on p.event_id = e.id
where e.type = 'key.revoked' and c.open_text is not null and c.seq <= $1 order by c.seq`;

type EvidenceReads = Pick<AuditTree, 'eventsOf' | 'proofs' | 'policySource' | 'newestErasure' | 'revocations'>;

export const evidenceReads = (pool: pg.Pool): EvidenceReads => ({
  eventsOf: async ({ grant, request }, size) => {
    const { before } = await readTreeSize(pool);
    const { rows } = await pool.query<Row>(EVENTS, [grant, request, before + size]);
    return rows.map(eventOf);
  },
  newestErasure: async (size) => {
    const { before } = await readTreeSize(pool);
    const [row] = (await pool.query<Row>(ERASURE, [before + size])).rows;
    return row ? eventOf(row) : null;
  },
  revocations: async (size) => {
    const { before } = await readTreeSize(pool);
    return (await pool.query<Row>(REVOCATIONS, [before + size])).rows.map(eventOf);
  },
  proofs: async (seqs, size) => {
    const { before } = await readTreeSize(pool);
    const indexes = seqs.map((seq) => seq - before - 1);
    const paths = await readPlans(
      pool,
      before,
      indexes.map((index) => inclusionPlan(index, size)),
    );
    return seqs.map((seq, at) => ({ seq, index: indexes[at] ?? 0, path: paths[at] ?? [] }));
  },
  policySource: async (sha256) => {
    const text = 'select source from policies where sha256 = $1';
    return (await pool.query<{ source: string }>(text, [sha256])).rows[0]?.source ?? null;
  },
});
