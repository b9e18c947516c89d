ALTER TABLE "announcements" ADD COLUMN "facts" jsonb;--> statement-breakpoint
ALTER TABLE "announcements" ADD COLUMN "closed_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "announcements" ADD COLUMN "looked_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "announcements_open" ON "announcements" USING btree ("kind","looked_at") WHERE "announcements"."closing" is null;