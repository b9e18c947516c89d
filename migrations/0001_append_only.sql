-- The record cannot be quietly changed: events and their chain take INSERT and nothing else.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation',
          HINT = 'The audit log is evidence. Record a correction as a new event.';
END
$$;
--> statement-breakpoint
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- ALWAYS: `session_replication_role = replica` switches ordinary triggers off without a trace.
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_append_only;
--> statement-breakpoint
ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER audit_chain_append_only;
--> statement-breakpoint
-- Queues: small tables whose every row is deleted soon. The default threshold, a share of the table, would let them bloat after a burst.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
ALTER TABLE audit_unsealed SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
--> statement-breakpoint
-- Room on each page, so that raising a version or taking a lease does not touch the indexes.
ALTER TABLE requests SET (fillfactor = 85);
--> statement-breakpoint
ALTER TABLE grants SET (fillfactor = 85);
