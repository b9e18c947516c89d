CREATE TABLE "audit_chain" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"event_id" bigint NOT NULL,
	"prev_hash" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_chain_event_id_unique" UNIQUE("event_id")
);
--> statement-breakpoint
CREATE TABLE "audit_events" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "audit_events_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"at" timestamp with time zone NOT NULL,
	"type" text NOT NULL,
	"actor" text NOT NULL,
	"request_id" text collate "C",
	"grant_id" text collate "C",
	"target" text,
	"role" text,
	"data" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "audit_unsealed" (
	"event_id" bigint PRIMARY KEY NOT NULL
);
--> statement-breakpoint
CREATE TABLE "decisions" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"request_id" text collate "C" NOT NULL,
	"outcome" text NOT NULL,
	"rule" text,
	"policy_sha256" text NOT NULL,
	"by_person_id" text collate "C",
	"reason" text,
	"decided_at" timestamp with time zone NOT NULL,
	CONSTRAINT "decisions_request_id_unique" UNIQUE("request_id"),
	CONSTRAINT "decisions_outcome_of_request" UNIQUE("id","request_id","outcome"),
	CONSTRAINT "decisions_outcome" CHECK ("decisions"."outcome" in ('approved', 'denied'))
);
--> statement-breakpoint
CREATE TABLE "grants" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"request_id" text collate "C" NOT NULL,
	"decision_id" text collate "C" NOT NULL,
	"decision_outcome" text DEFAULT 'approved' NOT NULL,
	"person_id" text collate "C" NOT NULL,
	"target" text NOT NULL,
	"role" text NOT NULL,
	"provider" text NOT NULL,
	"scope" jsonb NOT NULL,
	"handle" jsonb,
	"state" text NOT NULL,
	"duration_ms" bigint NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"activated_at" timestamp with time zone,
	"ending_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"end_cause" text,
	"ended_by" text collate "C",
	"end_reason" text,
	"end_outcome" text,
	"lease_until" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"last_error" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "grants_request_id_unique" UNIQUE("request_id"),
	CONSTRAINT "grants_decision_id_unique" UNIQUE("decision_id"),
	CONSTRAINT "grants_state" CHECK ("grants"."state" in ('activating', 'active', 'ending', 'ended', 'failed')),
	CONSTRAINT "grants_approved" CHECK ("grants"."decision_outcome" = 'approved'),
	CONSTRAINT "grants_duration" CHECK ("grants"."duration_ms" > 0),
	CONSTRAINT "grants_end_cause" CHECK ("grants"."end_cause" in ('expired', 'done', 'revoked', 'abandoned')),
	CONSTRAINT "grants_end_outcome" CHECK ("grants"."end_outcome" in ('removed', 'already_absent')),
	CONSTRAINT "grants_active_since" CHECK ("grants"."state" <> 'active' or "grants"."activated_at" is not null),
	CONSTRAINT "grants_ending_since" CHECK ("grants"."state" not in ('ending', 'ended') or ("grants"."ending_at" is not null and "grants"."end_cause" is not null)),
	CONSTRAINT "grants_ended_how" CHECK ("grants"."state" <> 'ended' or ("grants"."ended_at" is not null and "grants"."end_outcome" is not null))
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "messages_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"request_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"audience" text NOT NULL,
	"channel" text,
	"ts" text,
	"drawn_version" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "messages_once_per_audience" UNIQUE("request_id","kind","audience"),
	CONSTRAINT "messages_kind" CHECK ("messages"."kind" in ('approval', 'requester', 'granted', 'outcome', 'stuck'))
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "outbox_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"kind" text NOT NULL,
	"subject_id" text collate "C" NOT NULL,
	"available_at" timestamp with time zone NOT NULL,
	"dispatched_at" timestamp with time zone,
	"dispatches" integer DEFAULT 0 NOT NULL,
	"last_error" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "outbox_kind" CHECK ("outbox"."kind" in ('activate', 'end', 'notify'))
);
--> statement-breakpoint
CREATE TABLE "people" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"user_id" text NOT NULL,
	"name" text NOT NULL,
	"email" text,
	"timezone" text,
	"is_active" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "policies" (
	"sha256" text PRIMARY KEY NOT NULL,
	"source" text NOT NULL,
	"loaded_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "requests" (
	"id" text collate "C" PRIMARY KEY NOT NULL,
	"idempotency_key" text,
	"requester_id" text collate "C" NOT NULL,
	"target" text NOT NULL,
	"role" text NOT NULL,
	"duration_ms" bigint NOT NULL,
	"reason" text NOT NULL,
	"ticket" text,
	"state" text NOT NULL,
	"rule" text,
	"policy_sha256" text NOT NULL,
	"requirements" jsonb NOT NULL,
	"is_in_order" boolean NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"lapses_at" timestamp with time zone NOT NULL,
	"decided_at" timestamp with time zone,
	"sync_lease_until" timestamp with time zone,
	CONSTRAINT "requests_idempotency_key_unique" UNIQUE("idempotency_key"),
	CONSTRAINT "requests_state" CHECK ("requests"."state" in ('pending', 'approved', 'denied', 'cancelled', 'lapsed')),
	CONSTRAINT "requests_duration" CHECK ("requests"."duration_ms" > 0),
	CONSTRAINT "requests_decided_at" CHECK (("requests"."state" = 'pending') = ("requests"."decided_at" is null))
);
--> statement-breakpoint
CREATE TABLE "secrets" (
	"grant_id" text collate "C" PRIMARY KEY NOT NULL,
	"key_id" text NOT NULL,
	"nonce" "bytea" NOT NULL,
	"ciphertext" "bytea" NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "votes" (
	"request_id" text collate "C" NOT NULL,
	"voter_id" text collate "C" NOT NULL,
	"kind" text NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "votes_request_id_voter_id_pk" PRIMARY KEY("request_id","voter_id"),
	CONSTRAINT "votes_kind" CHECK ("votes"."kind" in ('approve', 'deny'))
);
--> statement-breakpoint
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "decisions" ADD CONSTRAINT "decisions_by_person_id_people_id_fk" FOREIGN KEY ("by_person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_person_id_people_id_fk" FOREIGN KEY ("person_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_ended_by_people_id_fk" FOREIGN KEY ("ended_by") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "grants" ADD CONSTRAINT "grants_approved_decision" FOREIGN KEY ("decision_id","request_id","decision_outcome") REFERENCES "public"."decisions"("id","request_id","outcome") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "requests" ADD CONSTRAINT "requests_requester_id_people_id_fk" FOREIGN KEY ("requester_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "secrets" ADD CONSTRAINT "secrets_grant_id_grants_id_fk" FOREIGN KEY ("grant_id") REFERENCES "public"."grants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "votes" ADD CONSTRAINT "votes_request_id_requests_id_fk" FOREIGN KEY ("request_id") REFERENCES "public"."requests"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "votes" ADD CONSTRAINT "votes_voter_id_people_id_fk" FOREIGN KEY ("voter_id") REFERENCES "public"."people"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "grants_due" ON "grants" USING btree ("expires_at") WHERE "grants"."state" = 'active';--> statement-breakpoint
CREATE INDEX "grants_stalled" ON "grants" USING btree ("next_attempt_at") WHERE "grants"."state" in ('activating', 'ending');--> statement-breakpoint
CREATE INDEX "grants_live" ON "grants" USING btree ("expires_at") WHERE "grants"."state" in ('activating', 'active', 'ending');--> statement-breakpoint
CREATE INDEX "grants_live_in_target" ON "grants" USING btree ("target","expires_at") WHERE "grants"."state" in ('activating', 'active', 'ending');--> statement-breakpoint
CREATE INDEX "grants_live_of_person" ON "grants" USING btree ("person_id") WHERE "grants"."state" in ('activating', 'active', 'ending');--> statement-breakpoint
CREATE INDEX "outbox_waiting" ON "outbox" USING btree ("id") WHERE "outbox"."dispatched_at" is null;--> statement-breakpoint
CREATE INDEX "outbox_dispatched" ON "outbox" USING btree (greatest("dispatched_at", "available_at")) WHERE "outbox"."dispatched_at" is not null;--> statement-breakpoint
CREATE INDEX "requests_of_person" ON "requests" USING btree ("requester_id","created_at");--> statement-breakpoint
CREATE INDEX "requests_pending" ON "requests" USING btree ("created_at") WHERE "requests"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "requests_to_lapse" ON "requests" USING btree ("lapses_at") WHERE "requests"."state" = 'pending';