ALTER TABLE "incidents" ADD COLUMN "purpose" text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "confirmed_severity" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "confirmed_severity_at" timestamp with time zone;