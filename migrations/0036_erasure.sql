-- The personal text of an event is that of its row in audit_events; kept twice, it cost as much again to write.
ALTER TABLE "audit_personal" DROP COLUMN "text";--> statement-breakpoint
CREATE INDEX "audit_erasures" ON "audit_events" USING btree ("id") WHERE "audit_events"."type" = 'record.erased';--> statement-breakpoint
-- Up to which number sealed events of the log say that personal parts are erased; 0 where none says so.
CREATE FUNCTION erased_through() RETURNS bigint LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
  SELECT coalesce(max(least((c.open_text::json #>> '{data,throughSeq}')::bigint, c.seq - 1)), 0)
  FROM audit_events e JOIN audit_chain c ON c.event_id = e.id
  WHERE e.type = 'record.erased' AND c.open_text IS NOT NULL
$$;
--> statement-breakpoint
-- What stands in the row of an event whose personal part is erased: what is open, byte for byte as it was sealed.
CREATE FUNCTION is_erased(event audit_events, open_text text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT event.actor = (open_text::json -> 'actor')::text AND event.data = (open_text::json -> 'data')::text
$$;
--> statement-breakpoint
-- Statements are refused but the two of erase_personal; what those may do to a row is for the triggers below.
CREATE FUNCTION refuse_change_unless_erasing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = TG_ARGV[0] AND current_setting('latchkey.erasing', true) = 'on' THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is append-only: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation',
          HINT = 'The audit log is evidence. Record a correction as a new event; latchkey audit erase erases personal parts after audit.retention.';
END
$$;
--> statement-breakpoint
-- A row of audit_events may change in one way: from the whole to what is open, where a sealed event says so.
CREATE FUNCTION refuse_change_but_erasure() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF (NEW.id, NEW.at, NEW.type, NEW.request_id, NEW.grant_id, NEW.target, NEW.role)
      IS NOT DISTINCT FROM (OLD.id, OLD.at, OLD.type, OLD.request_id, OLD.grant_id, OLD.target, OLD.role)
    AND EXISTS (
      SELECT FROM audit_chain c
      WHERE c.event_id = OLD.id AND c.open_text IS NOT NULL AND c.seq <= erased_through() AND is_erased(NEW, c.open_text)
    )
  THEN RETURN NEW;
  END IF;
  RAISE EXCEPTION 'No sealed event says that event % is erased so', OLD.id USING ERRCODE = 'restrict_violation';
END
$$;
--> statement-breakpoint
-- A salt may go once the row that it belongs to is erased.
CREATE FUNCTION refuse_unless_erased() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (
    SELECT FROM audit_events e JOIN audit_chain c ON c.event_id = e.id
    WHERE e.id = OLD.event_id AND c.open_text IS NOT NULL AND c.seq <= erased_through() AND is_erased(e, c.open_text)
  ) THEN RETURN OLD;
  END IF;
  RAISE EXCEPTION 'No sealed event says that event % is erased so', OLD.event_id USING ERRCODE = 'restrict_violation';
END
$$;
--> statement-breakpoint
DROP TRIGGER audit_events_append_only ON audit_events;--> statement-breakpoint
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_unless_erasing('UPDATE');
--> statement-breakpoint
CREATE TRIGGER audit_events_erasure_only BEFORE UPDATE ON audit_events
  FOR EACH ROW EXECUTE FUNCTION refuse_change_but_erasure();
--> statement-breakpoint
DROP TRIGGER audit_personal_append_only ON audit_personal;--> statement-breakpoint
CREATE TRIGGER audit_personal_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_personal
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_unless_erasing('DELETE');
--> statement-breakpoint
CREATE TRIGGER audit_personal_erasure_only BEFORE DELETE ON audit_personal
  FOR EACH ROW EXECUTE FUNCTION refuse_unless_erased();
--> statement-breakpoint
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_append_only;--> statement-breakpoint
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_erasure_only;--> statement-breakpoint
ALTER TABLE audit_personal ENABLE ALWAYS TRIGGER audit_personal_append_only;--> statement-breakpoint
ALTER TABLE audit_personal ENABLE ALWAYS TRIGGER audit_personal_erasure_only;--> statement-breakpoint
-- The one way to erase. It runs with the rights of the tables' owner, and erases nothing that no sealed event names.
CREATE FUNCTION erase_personal(at_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  through bigint := erased_through();
  due bigint[];
BEGIN
  SELECT coalesce(array_agg(event_id), '{}') INTO due FROM (
    SELECT p.event_id FROM audit_personal p JOIN audit_chain c ON c.event_id = p.event_id
    WHERE c.seq <= through ORDER BY p.event_id LIMIT at_most
  ) found;
  PERFORM set_config('latchkey.erasing', 'on', true);
  UPDATE audit_events e SET actor = (c.open_text::json -> 'actor')::text, data = (c.open_text::json -> 'data')::text
  FROM audit_chain c WHERE c.event_id = e.id AND e.id = ANY (due);
  DELETE FROM audit_personal WHERE event_id = ANY (due);
  PERFORM set_config('latchkey.erasing', 'off', true);
  RETURN cardinality(due);
END
$$;
