CREATE TABLE "allowances" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"person_id" text collate "C" NOT NULL,
	"target" text NOT NULL,
	"role" text NOT NULL,
	"by_person_id" text collate "C" NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"revoked_at" timestamp with time zone,
	"revoked_by" text collate "C",
	"channel" text,
	"ts" text,
	CONSTRAINT "allowances_by_another" CHECK ("allowances"."by_person_id" <> "allowances"."person_id")
);
--> statement-breakpoint
ALTER TABLE "outbox" DROP CONSTRAINT "outbox_kind";--> statement-breakpoint
ALTER TABLE "allowances" ADD CONSTRAINT "allowances_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "allowances" ADD CONSTRAINT "allowances_by_person_id_people_id_fk" FOREIGN KEY ("by_person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "allowances" ADD CONSTRAINT "allowances_revoked_by_people_id_fk" FOREIGN KEY ("revoked_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "allowances_of_person" ON "allowances" USING btree ("person_id","expires_at");--> statement-breakpoint
CREATE INDEX "allowances_by_person" ON "allowances" USING btree ("by_person_id","expires_at");--> statement-breakpoint
CREATE INDEX "allowances_of_target" ON "allowances" USING btree ("target","expires_at");--> statement-breakpoint
ALTER TABLE "outbox" ADD CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'notify', 'announce', 'allowance'));