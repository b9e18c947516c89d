-- An alert of Alertmanager was kept under its fingerprint and its start; a source may move the start. It is kept under the fingerprint now.
DELETE FROM alert_signals s USING (
  SELECT key, row_number() OVER (
    PARTITION BY regexp_replace(key, ':\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', '') ORDER BY at DESC, state DESC
  ) AS place
  FROM alert_signals WHERE source = 'alertmanager'
) heard WHERE s.source = 'alertmanager' AND s.key = heard.key AND heard.place > 1;--> statement-breakpoint
UPDATE alert_signals SET key = regexp_replace(key, ':\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$', '') WHERE source = 'alertmanager';--> statement-breakpoint
-- What still fired only because its end came with another start is over.
WITH over AS (
  UPDATE alerts a SET state = 'resolved', resolved_at = clock_timestamp(), version = a.version + 1
  WHERE a.state = 'firing' AND a.source = 'alertmanager'
    AND NOT EXISTS (SELECT FROM alert_signals s WHERE s.alert_id = a.id AND s.state = 'firing')
  RETURNING a.id
)
INSERT INTO outbox (kind, subject_id, available_at, created_at)
SELECT 'alert', id, clock_timestamp(), clock_timestamp() FROM over;
