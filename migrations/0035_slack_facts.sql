-- UNLOGGED: what is known of Slack is read anew after a crash, and nothing waits for the disk.
CREATE UNLOGGED TABLE "slack_facts" (
	"team_id" text NOT NULL,
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"value" jsonb,
	"read_at" timestamp with time zone,
	"forgotten_at" timestamp with time zone,
	CONSTRAINT "slack_facts_team_id_kind_key_pk" PRIMARY KEY("team_id","kind","key")
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "slack_pace" (
	"key" text PRIMARY KEY NOT NULL,
	"planned_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "slack_stream_gaps" (
	"team_id" text PRIMARY KEY NOT NULL,
	"last_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE UNLOGGED TABLE "slack_streams" (
	"process_id" text PRIMARY KEY NOT NULL,
	"team_id" text NOT NULL,
	"connected_at" timestamp with time zone NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
