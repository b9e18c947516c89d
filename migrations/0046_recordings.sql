CREATE TABLE "recorded_segments" (
	"grant_id" text collate "C" NOT NULL,
	"number" integer NOT NULL,
	"key_id" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"ciphertext" "bytea" NOT NULL,
	"sha256" text NOT NULL,
	"statements" integer NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "recorded_segments_grant_id_number_pk" PRIMARY KEY("grant_id","number")
);
--> statement-breakpoint
CREATE TABLE "recordings" (
	"grant_id" text collate "C" PRIMARY KEY NOT NULL,
	"position" jsonb,
	"segments" integer DEFAULT 0 NOT NULL,
	"statements" integer DEFAULT 0 NOT NULL,
	"sessions" integer DEFAULT 0 NOT NULL,
	"missing" jsonb DEFAULT '[]' NOT NULL,
	"lost" jsonb DEFAULT '[]' NOT NULL,
	"next_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "recorded_segments" ADD CONSTRAINT "recorded_segments_grant_id_recordings_grant_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."recordings"("grant_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "recordings" ADD CONSTRAINT "recordings_grant_id_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recorded_segments_by_age" ON "recorded_segments" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "recordings_due" ON "recordings" USING btree ("next_at") WHERE "recordings"."next_at" is not null;