ALTER TABLE "slack_facts" ADD COLUMN "claimed_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "slack_stream_gaps" ADD COLUMN "unheard_until" timestamp with time zone;