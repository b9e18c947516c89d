DROP INDEX "outbox_dispatched";--> statement-breakpoint
CREATE INDEX "outbox_late" ON "outbox" USING btree ("available_at") WHERE "outbox"."dispatched_at" is not null;