CREATE TABLE "use_looks" (
	"target" text PRIMARY KEY NOT NULL,
	"next_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "first_used_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "grants" ADD COLUMN "is_use_told" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "grants_to_see_used" ON "grants" USING btree ("target") WHERE "grants"."state" = 'active' and "grants"."is_use_told" and "grants"."first_used_at" is null;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_used" CHECK ("grants"."first_used_at" is null or "grants"."activated_at" is not null);