ALTER TABLE "allowances" RENAME TO "pre_approvals";--> statement-breakpoint
ALTER TABLE "pre_approvals" RENAME CONSTRAINT "allowances_pkey" TO "pre_approvals_pkey";--> statement-breakpoint
ALTER TABLE "pre_approvals" RENAME CONSTRAINT "allowances_by_another" TO "pre_approvals_by_another";--> statement-breakpoint
ALTER TABLE "pre_approvals" RENAME CONSTRAINT "allowances_person_id_people_id_fk" TO "pre_approvals_person_id_people_id_fk";--> statement-breakpoint
ALTER TABLE "pre_approvals" RENAME CONSTRAINT "allowances_by_person_id_people_id_fk" TO "pre_approvals_by_person_id_people_id_fk";--> statement-breakpoint
ALTER TABLE "pre_approvals" RENAME CONSTRAINT "allowances_revoked_by_people_id_fk" TO "pre_approvals_revoked_by_people_id_fk";--> statement-breakpoint
ALTER INDEX "allowances_of_person" RENAME TO "pre_approvals_of_person";--> statement-breakpoint
ALTER INDEX "allowances_by_person" RENAME TO "pre_approvals_by_person";--> statement-breakpoint
ALTER INDEX "allowances_of_target" RENAME TO "pre_approvals_of_target";--> statement-breakpoint
ALTER TABLE "revocations" RENAME COLUMN "allowances" TO "pre_approvals";--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
UPDATE "outbox" SET "kind" = 'pre_approval' WHERE "kind" = 'allowance';--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'extend', 'notify', 'announce', 'pre_approval', 'incident', 'revocation', 'alert', 'github', 'campaign'));
--> statement-breakpoint
ALTER TABLE "incidents" RENAME COLUMN "vouched_by" TO "confirmed_by";--> statement-breakpoint
ALTER TABLE "incidents" RENAME COLUMN "vouched_at" TO "confirmed_at";--> statement-breakpoint
ALTER TABLE "incidents" RENAME COLUMN "vouched_name" TO "confirmed_name";--> statement-breakpoint
ALTER TABLE "incidents" RENAME CONSTRAINT "incidents_vouched_by_people_id_fk" TO "incidents_confirmed_by_people_id_fk";--> statement-breakpoint
ALTER TABLE "announcements" DROP CONSTRAINT "announcements_kind";--> statement-breakpoint
UPDATE "announcements" SET "kind" = 'email_conflict' WHERE "kind" = 'address_doubted';--> statement-breakpoint
ALTER TABLE "announcements" ADD CONSTRAINT "announcements_kind" CHECK ("announcements"."kind" in ('policy_adopted', 'policy_rejected', 'calendar_changed', 'overdue', 'overdue_resolved', 'revocation', 'drift_found', 'drift_asked', 'drift_repaired', 'email_conflict', 'channel_taken', 'channel_gone', 'account_gone', 'group_gone', 'targets_unfit', 'user_group_moved', 'checkpoint_refused'));
