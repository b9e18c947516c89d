-- Where a search path does not name pg_temp, Postgres looks for tables there before all others: a role that may make
-- temporary tables could then say to these functions what the log holds (postgresql.org/docs/current/sql-createfunction.html,
-- "Writing SECURITY DEFINER Functions Safely").
DO $$
DECLARE own regprocedure;
BEGIN
  FOR own IN
    SELECT p.oid FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace
      AND p.proname IN ('erased_through', 'refuse_change_but_erasure', 'refuse_unless_erased', 'erase_personal')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', own, current_schema());
  END LOOP;
END
$$;
