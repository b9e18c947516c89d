CREATE TABLE "message_leases" (
	"subject_kind" text NOT NULL,
	"subject_id" text collate "C" NOT NULL,
	"until" timestamp with time zone NOT NULL,
	CONSTRAINT "message_leases_subject_kind_subject_id_pk" PRIMARY KEY("subject_kind","subject_id"),
	CONSTRAINT "message_leases_subject" CHECK ("message_leases"."subject_kind" in ('request', 'incident', 'alert', 'pre_approval', 'revocation', 'admin_notification', 'campaign'))
);;--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_once_per_audience";--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_kind";--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_request_id_requests_id_fk";--> statement-breakpoint
ALTER TABLE "messages" RENAME COLUMN "request_id" TO "subject_id";--> statement-breakpoint
ALTER TABLE "messages" RENAME COLUMN "drawn_version" TO "rendered_version";--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "subject_kind" text DEFAULT 'request' NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ALTER COLUMN "subject_kind" DROP DEFAULT;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "rendered" text;--> statement-breakpoint
INSERT INTO "messages" ("subject_kind", "subject_id", "kind", "audience", "part", "channel", "ts", "rendered_version", "failure", "created_at")
SELECT 'incident', "incident_id", "kind", "audience", "part", "channel", "ts", "drawn_version", "failure", "created_at" FROM "incident_messages" ORDER BY "id";--> statement-breakpoint
INSERT INTO "messages" ("subject_kind", "subject_id", "kind", "audience", "channel", "ts", "rendered_version", "failure", "created_at")
SELECT 'alert', "alert_id", 'alert', "audience", "channel", "ts", "drawn_version", "failure", "created_at" FROM "alert_messages" ORDER BY "id";--> statement-breakpoint
INSERT INTO "messages" ("subject_kind", "subject_id", "kind", "audience", "channel", "ts", "rendered_version", "failure", "created_at")
SELECT 'admin_notification', "announcement_id", 'notice', "audience", "channel", "ts", "drawn_version", "failure", "created_at" FROM "announcement_copies" ORDER BY "created_at";--> statement-breakpoint
INSERT INTO "messages" ("subject_kind", "subject_id", "kind", "audience", "channel", "ts", "rendered_version", "created_at")
SELECT 'pre_approval', a."id", 'pre_approval', p."user_id", a."channel", a."ts", 1, a."created_at" FROM "allowances" a JOIN "people" p ON p."id" = a."person_id" WHERE a."ts" IS NOT NULL;--> statement-breakpoint
INSERT INTO "messages" ("subject_kind", "subject_id", "kind", "audience", "channel", "ts", "rendered_version", "rendered", "created_at")
SELECT 'revocation', r."id", 'progress', p."user_id", r."channel", r."ts", 1, r."drawn", r."created_at" FROM "revocations" r JOIN "people" p ON p."id" = r."by_person_id" WHERE r."ts" IS NOT NULL;--> statement-breakpoint
INSERT INTO "message_leases" ("subject_kind", "subject_id", "until")
SELECT 'request', "id", "sync_lease_until" FROM "requests" WHERE "sync_lease_until" > clock_timestamp()
UNION ALL SELECT 'incident', "id", "sync_lease_until" FROM "incidents" WHERE "sync_lease_until" > clock_timestamp()
UNION ALL SELECT 'alert', "id", "sync_lease_until" FROM "alerts" WHERE "sync_lease_until" > clock_timestamp();--> statement-breakpoint
DROP TABLE "announcement_copies";--> statement-breakpoint
DROP TABLE "incident_messages";--> statement-breakpoint
DROP TABLE "alert_messages";--> statement-breakpoint
ALTER TABLE "requests" DROP COLUMN "sync_lease_until";--> statement-breakpoint
ALTER TABLE "incidents" DROP COLUMN "sync_lease_until";--> statement-breakpoint
ALTER TABLE "alerts" DROP COLUMN "sync_lease_until";--> statement-breakpoint
ALTER TABLE "allowances" DROP COLUMN "channel";--> statement-breakpoint
ALTER TABLE "allowances" DROP COLUMN "ts";--> statement-breakpoint
ALTER TABLE "revocations" DROP COLUMN "channel";--> statement-breakpoint
ALTER TABLE "revocations" DROP COLUMN "ts";--> statement-breakpoint
ALTER TABLE "revocations" DROP COLUMN "drawn";--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_once" UNIQUE("subject_kind","subject_id","kind","audience","part");--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_part" CHECK ("messages"."part" >= 0);--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_kind" CHECK (("messages"."subject_kind", "messages"."kind") in (('request', 'approval'), ('request', 'requester'), ('request', 'granted'), ('request', 'warning'), ('request', 'outcome'), ('request', 'stuck'), ('request', 'alarm'), ('request', 'banner'), ('request', 'review'), ('request', 'review_overdue'), ('request', 'reviewed'), ('request', 'changed'), ('request', 'reminder'), ('request', 'escalation'), ('request', 'discussion'), ('incident', 'prompt'), ('incident', 'closing'), ('incident', 'timeline'), ('incident', 'files'), ('incident', 'opener'), ('incident', 'notice'), ('alert', 'alert'), ('pre_approval', 'pre_approval'), ('revocation', 'progress'), ('admin_notification', 'notice'), ('campaign', 'lines')));
