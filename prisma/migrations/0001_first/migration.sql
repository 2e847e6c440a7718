-- The store of the first loop. Every table with customer data carries workspace_id and is under row-level security.
--
-- Work markers. A profile that needs work has `touched_seq` above the mark of the step that did it (`consented_seq`,
-- `scored_seq`); a person record that needs work has a row in `unresolved`. A step notes the value it read and settles no
-- more than that, so a change that lands while it works is not lost, and finding work costs what changed, not what exists.
--
-- What grows with customers and their history is divided by hash of the workspace (docs/decisions/008-partitions.md).
CREATE SEQUENCE change_seq;

CREATE TABLE workspace (
  workspace_id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  name text NOT NULL,
  default_country char(2) NOT NULL,
  currency char(3) NOT NULL,
  time_zone text NOT NULL,
  refresh_minutes integer NOT NULL DEFAULT 15 CHECK (refresh_minutes > 0),
  -- ISO 8601: 1 is Monday, 7 is Sunday.
  week_start integer NOT NULL DEFAULT 1 CHECK (week_start BETWEEN 1 AND 7),
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE connection (
  workspace_id uuid NOT NULL REFERENCES workspace,
  connection_id uuid NOT NULL,
  connector text NOT NULL,
  name text NOT NULL,
  -- Host to call; null is the connector's production host. Set by an operator, never from a vendor's reply.
  base_url text,
  settings jsonb NOT NULL DEFAULT '{}',
  -- The account at the vendor; the quota is counted per (connector, account).
  external_account text,
  -- Real customers or a sandbox's; null where the vendor does not tell.
  mode text CHECK (mode IN ('live', 'test')),
  -- disconnected: the credentials are gone; what was read stays.
  status text NOT NULL DEFAULT 'ready'
    CHECK (status IN ('ready', 'paused', 'disconnected', 'needs_reconnect', 'needs_permission')),
  status_reason text,
  write_back boolean NOT NULL DEFAULT false,
  -- Later plans apply by themselves when they touch at most this share of the destination's records. Null: always ask.
  auto_apply_share double precision CHECK (auto_apply_share BETWEEN 0 AND 1),
  -- What the vendor allows this account in every bucket, where that is more than its published limits. Null: as published.
  requests_per_second double precision CHECK (requests_per_second > 0),
  -- profile.output_seq up to which a plan for this destination was carried out.
  planned_seq bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, connection_id)
);

CREATE TABLE credential (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  key_id text NOT NULL,
  nonce bytea NOT NULL,
  ciphertext bytea NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, connection_id),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);

CREATE TABLE stream_state (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  cursor jsonb,
  -- Up to date at the end of the last pass; false while a read is under way.
  complete boolean NOT NULL DEFAULT false,
  -- Set while a full read is under way.
  full_read_started_at timestamptz,
  -- The full read under way met a row that does not say which record it is: nothing may be taken as deleted by absence.
  full_read_gap boolean NOT NULL DEFAULT false,
  full_read_at timestamptz,
  -- The full read ended with so many known records missing that a person has to say whether they are gone.
  -- Until then the stream is not read; full_read_seen keeps which were listed.
  held_at timestamptz,
  held_vanishing bigint,
  held_known bigint,
  last_success_at timestamptz,
  records_read bigint NOT NULL DEFAULT 0,
  vendor_count bigint,
  stored_count bigint,
  error_kind text,
  error_message text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, connection_id, stream),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);

-- Last known state of a vendor's person, organisation or deal: what is asked for often, and small. record_id is a hash of
-- (connection, stream, vendor id). The content itself is in source_content.
CREATE TABLE source_record (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('person', 'organisation', 'deal')),
  -- Of the content; with record_id it names the row of source_content.
  hash bytea NOT NULL,
  source_created_at timestamptz,
  source_updated_at timestamptz,
  -- The vendor no longer has it, whatever its last content says.
  deleted boolean NOT NULL DEFAULT false,
  first_seen_at timestamptz NOT NULL DEFAULT now(),
  changed_at timestamptz NOT NULL DEFAULT now(),
  -- Last time it was written. Gone after a full scan: older than the scan's start and not in full_read_seen.
  listed_at timestamptz NOT NULL DEFAULT now(),
  -- Of a person, so that nobody need open the content for it: what people are compared by, and the address and number that
  -- the source names first, as it writes them.
  first_name text,
  last_name text,
  postcode text,
  email text,
  phone text,
  -- A deal's or organisation's people, so that they can be found from the person; null on a person.
  person_record_ids uuid[],
  -- Null on others.
  deal_status text,
  PRIMARY KEY (workspace_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE UNIQUE INDEX source_record_vendor ON source_record (workspace_id, connection_id, stream, vendor_id);
-- From a person to their open deals.
CREATE INDEX source_record_deal ON source_record USING gin (person_record_ids)
  WHERE deal_status = 'open' AND NOT deleted;
-- Most workspaces have few: those are read whole.
CREATE INDEX source_record_open_deal ON source_record (workspace_id) WHERE deal_status = 'open' AND NOT deleted;

-- What a vendor said of a record, in our shape: every version it ever had, once. Only ever appended to: a wide row that
-- is rewritten costs its whole width again, and leaves as much for vacuum.
CREATE TABLE source_content (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  hash bytea NOT NULL,
  -- As text: it is stored and read whole.
  data json NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id, hash)
) PARTITION BY HASH (workspace_id);

-- Person records that identity has to look at. Its identifiers are brought up to date first (`identified`), of all that
-- changed; then whole components are resolved, each once.
CREATE TABLE unresolved (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  touched_seq bigint NOT NULL DEFAULT nextval('change_seq'),
  identified boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, record_id)
);
CREATE INDEX unresolved_unidentified ON unresolved (workspace_id, touched_seq) WHERE NOT identified;

-- What the full read under way listed without a change: a narrow row here instead of rewriting a wide one there.
-- Emptied when the read ends; a first read leaves nothing in it.
CREATE TABLE full_read_seen (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  record_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, connection_id, stream, record_id)
);

-- A normalised (kind, value) seen on a record. Stays when the record changes it (current = false): it was evidence.
CREATE TABLE identifier (
  workspace_id uuid NOT NULL,
  -- A hash of kind and value: as wide for a value of any length, and compared as a number.
  value_id uuid NOT NULL,
  record_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  quality text NOT NULL CHECK (quality IN ('strong', 'weak', 'blocked')),
  reason text,
  current boolean NOT NULL DEFAULT true,
  PRIMARY KEY (workspace_id, value_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX identifier_record ON identifier (workspace_id, record_id);

-- Values held by too many records to say anything about who somebody is.
CREATE TABLE shared_value (
  workspace_id uuid NOT NULL,
  value_id uuid NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  holders integer NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, value_id)
);

-- A human's word: the two records are the same person, or are not.
CREATE TABLE link (
  workspace_id uuid NOT NULL,
  a_record_id uuid NOT NULL,
  b_record_id uuid NOT NULL,
  verdict text NOT NULL CHECK (verdict IN ('same', 'different')),
  actor text NOT NULL,
  reason text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, a_record_id, b_record_id),
  CHECK (a_record_id < b_record_id)
);
CREATE INDEX link_other ON link (workspace_id, b_record_id);

CREATE TABLE profile (
  workspace_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  anchor_record_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  touched_seq bigint NOT NULL DEFAULT nextval('change_seq'),
  consented_seq bigint NOT NULL DEFAULT 0,
  scored_seq bigint NOT NULL DEFAULT 0,
  -- The next instant at which passing time alone changes a consent or a score.
  consent_due_at timestamptz,
  score_due_at timestamptz,
  -- Bumped when something a destination sees changed: a trait, a permission, a member.
  output_seq bigint NOT NULL DEFAULT nextval('change_seq'),
  PRIMARY KEY (workspace_id, profile_id)
);
CREATE INDEX profile_unconsented ON profile (workspace_id, touched_seq) WHERE touched_seq > consented_seq;
CREATE INDEX profile_unscored ON profile (workspace_id, touched_seq) WHERE touched_seq > scored_seq;
CREATE INDEX profile_score_due ON profile (workspace_id, score_due_at) WHERE score_due_at IS NOT NULL;
CREATE INDEX profile_consent_due ON profile (workspace_id, consent_due_at) WHERE consent_due_at IS NOT NULL;
CREATE INDEX profile_output ON profile (workspace_id, output_seq);

-- The one row that moves when profiles merge or split. Without a foreign key: identity alone writes it, under a lock, and
-- the check would lock a profile for every record.
CREATE TABLE membership (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id)
);
CREATE INDEX membership_profile ON membership (workspace_id, profile_id);

-- Ids that once named a profile; they keep resolving.
CREATE TABLE profile_alias (
  workspace_id uuid NOT NULL,
  alias_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, alias_id)
);
CREATE INDEX profile_alias_profile ON profile_alias (workspace_id, profile_id);

-- A merge that evidence suggested and protection refused.
CREATE TABLE merge_refusal (
  workspace_id uuid NOT NULL,
  refusal_id uuid NOT NULL,
  rule text NOT NULL,
  kind text NOT NULL,
  value text NOT NULL,
  record_ids uuid[] NOT NULL,
  explanation text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, refusal_id)
);
CREATE INDEX merge_refusal_records ON merge_refusal USING gin (record_ids);

-- Facts hang on the person record that the vendor named (person_record_id is computed, the person may come later).
CREATE TABLE customer_order (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  person_record_id uuid,
  placed_at timestamptz NOT NULL,
  amount_minor bigint NOT NULL,
  refunded_minor bigint NOT NULL,
  currency char(3) NOT NULL,
  status text NOT NULL,
  channel text NOT NULL,
  hash bytea NOT NULL,
  source_updated_at timestamptz,
  deleted boolean NOT NULL DEFAULT false,
  listed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX customer_order_person ON customer_order (workspace_id, person_record_id, placed_at);
CREATE INDEX customer_order_stream ON customer_order (workspace_id, connection_id, stream);

CREATE TABLE subscription (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  person_record_id uuid,
  status text NOT NULL,
  started_at timestamptz NOT NULL,
  current_period_end timestamptz,
  ended_at timestamptz,
  amount_minor bigint,
  currency char(3) NOT NULL,
  "interval" text NOT NULL,
  hash bytea NOT NULL,
  source_updated_at timestamptz,
  deleted boolean NOT NULL DEFAULT false,
  listed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id)
);
CREATE INDEX subscription_person ON subscription (workspace_id, person_record_id);
CREATE INDEX subscription_stream ON subscription (workspace_id, connection_id, stream);

CREATE TABLE touchpoint (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  person_record_id uuid,
  type text NOT NULL,
  at timestamptz NOT NULL,
  channel text,
  campaign text,
  amount_minor bigint,
  currency char(3),
  hash bytea NOT NULL,
  source_updated_at timestamptz,
  deleted boolean NOT NULL DEFAULT false,
  listed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX touchpoint_person ON touchpoint (workspace_id, person_record_id, at);
CREATE INDEX touchpoint_stream ON touchpoint (workspace_id, connection_id, stream);

-- The ledger: only ever appended to (the application's role holds no UPDATE or DELETE on it). entry_id hashes the content.
CREATE TABLE consent_entry (
  workspace_id uuid NOT NULL,
  entry_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  address text,
  -- The address as identity compares it, by the hash that names it there; null where it cannot be read.
  address_id uuid,
  channel text NOT NULL,
  purpose text NOT NULL,
  state text NOT NULL,
  basis text NOT NULL,
  explicit boolean NOT NULL,
  -- Null: the source does not say when.
  effective_at timestamptz,
  expires_at timestamptz,
  recorded_at timestamptz NOT NULL DEFAULT now(),
  proof text NOT NULL,
  PRIMARY KEY (workspace_id, entry_id)
);
CREATE INDEX consent_entry_record ON consent_entry (workspace_id, record_id);
CREATE INDEX consent_entry_refused ON consent_entry (workspace_id, address_id)
  WHERE address_id IS NOT NULL AND state IN ('denied', 'withdrawn');

-- What the ledger says of a profile now; derived, can be rebuilt.
CREATE TABLE consent_state (
  workspace_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  channel text NOT NULL,
  purpose text NOT NULL,
  state text NOT NULL,
  entry_ids uuid[] NOT NULL,
  -- Of a yes, by place in entry_ids: the address it holds for; null: the whole person.
  addresses text[] NOT NULL,
  reason text NOT NULL,
  effective_at timestamptz,
  PRIMARY KEY (workspace_id, profile_id, channel, purpose)
);

-- All traits of a profile in one row: scoring answers for a profile at once. `traits` maps a name to status, value (null
-- when refused: an abstaining score has none), reasons, method, modelVersion and computedAt. As text: it is stored and read
-- whole. `hash` is of all that is shown, so that equal answers are recognised without reading them.
CREATE TABLE profile_traits (
  workspace_id uuid NOT NULL,
  profile_id uuid NOT NULL,
  traits json NOT NULL,
  hash text NOT NULL,
  PRIMARY KEY (workspace_id, profile_id)
);

-- The same, one row per trait, for whoever reads.
CREATE VIEW trait WITH (security_invoker = true) AS
  SELECT t.workspace_id, t.profile_id, each.name, each.trait ->> 'status' AS status,
    nullif(each.trait -> 'value', 'null') AS value, each.trait -> 'reasons' AS reasons, each.trait ->> 'method' AS method,
    each.trait ->> 'modelVersion' AS model_version, (each.trait ->> 'computedAt')::timestamptz AS computed_at
  FROM profile_traits t CROSS JOIN jsonb_each(t.traits::jsonb) AS each (name, trait);

-- Facts about the whole shop that single scores lean on (its own purchase rhythm).
CREATE TABLE baseline (
  workspace_id uuid NOT NULL,
  name text NOT NULL,
  value jsonb NOT NULL,
  inputs bigint NOT NULL,
  computed_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, name)
);

CREATE TABLE destination_field (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  field text NOT NULL,
  trait text NOT NULL,
  ownership text NOT NULL CHECK (ownership IN ('ours', 'theirs', 'fill-empty', 'until-edited')),
  enabled boolean NOT NULL DEFAULT true,
  PRIMARY KEY (workspace_id, connection_id, field),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);

CREATE TABLE plan (
  workspace_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  kind text NOT NULL DEFAULT 'write' CHECK (kind IN ('write', 'undo')),
  undo_of uuid,
  status text NOT NULL CHECK (status IN
    ('building', 'waiting', 'approved', 'applying', 'applied', 'applied_with_failures', 'undone', 'partly_undone',
     'superseded', 'rejected', 'empty')),
  through_seq bigint NOT NULL,
  -- sha256 over the sorted changes: what is approved is what is written.
  digest bytea,
  changes integer NOT NULL DEFAULT 0,
  compared integer NOT NULL DEFAULT 0,
  destination_records integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  approved_at timestamptz,
  approved_by text,
  finished_at timestamptz,
  PRIMARY KEY (workspace_id, plan_id),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);
CREATE INDEX plan_connection ON plan (workspace_id, connection_id, created_at);

CREATE TABLE plan_change (
  workspace_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  vendor_id text NOT NULL,
  record_id uuid NOT NULL,
  profile_id uuid,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  -- The permissions it rests on: purpose and channel of each.
  uses jsonb NOT NULL DEFAULT '[]',
  status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'applied', 'failed', 'skipped', 'gone')),
  attempts integer NOT NULL DEFAULT 0,
  reason text,
  PRIMARY KEY (workspace_id, plan_id, vendor_id),
  FOREIGN KEY (workspace_id, plan_id) REFERENCES plan
);
CREATE INDEX plan_change_pending ON plan_change (workspace_id, plan_id, vendor_id) WHERE status IN ('pending', 'sent');

-- One applied change with what was read before and after; also how our own writes are told from a person's edits.
CREATE TABLE delivery (
  workspace_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  vendor_id text NOT NULL,
  connection_id uuid NOT NULL,
  before jsonb NOT NULL,
  after jsonb NOT NULL,
  read_back jsonb NOT NULL,
  grant_entry_ids uuid[] NOT NULL,
  delivered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, plan_id, vendor_id)
);
CREATE INDEX delivery_record ON delivery (workspace_id, connection_id, vendor_id, delivered_at);

CREATE TABLE rejected_record (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  ref text NOT NULL,
  -- The vendor's id, where the row could be told apart.
  vendor_id text,
  reason text NOT NULL,
  -- The row became a record all the same; the reason is a remark on it.
  kept boolean NOT NULL DEFAULT false,
  raw jsonb NOT NULL,
  rejected_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, connection_id, stream, ref)
);
CREATE INDEX rejected_record_vendor ON rejected_record (workspace_id, connection_id, stream, vendor_id)
  WHERE vendor_id IS NOT NULL;

-- One run of the loop: what each step did and how long it took.
CREATE TABLE run (
  workspace_id uuid NOT NULL,
  run_id uuid NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  outcome text CHECK (outcome IN ('ok', 'failed')),
  message text,
  PRIMARY KEY (workspace_id, run_id)
);
CREATE INDEX run_started ON run (workspace_id, started_at);

CREATE TABLE run_step (
  workspace_id uuid NOT NULL,
  run_id uuid NOT NULL,
  step text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  counts jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, run_id, step),
  FOREIGN KEY (workspace_id, run_id) REFERENCES run
);

CREATE TABLE audit_log (
  workspace_id uuid NOT NULL,
  entry_id bigint GENERATED ALWAYS AS IDENTITY,
  at timestamptz NOT NULL DEFAULT now(),
  actor text NOT NULL,
  action text NOT NULL,
  subject text NOT NULL,
  details jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (workspace_id, entry_id)
);

-- Token buckets, one per (connector, external account, bucket) whatever the workspace: the vendor counts per account.
-- No session reads the table: it asks the functions below, and only for a key that it knows (a hash).
CREATE TABLE quota (
  bucket_key text PRIMARY KEY,
  tokens double precision NOT NULL,
  refilled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- The vendor said "not before": nobody spends until then.
  blocked_until timestamptz
);

-- A row that breaks a step: set aside with its reason, so that the rest goes on. A person record for identity, a profile
-- for the other steps; tried again when it changes.
CREATE TABLE set_aside (
  workspace_id uuid NOT NULL,
  step text NOT NULL CHECK (step IN ('identity', 'consent', 'scores')),
  subject_id uuid NOT NULL,
  reason text NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, step, subject_id)
);

-- A power of two, so that more partitions later split each of these in two.
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['source_record', 'source_content', 'identifier', 'customer_order', 'touchpoint'] LOOP
    FOR part IN 0..7 LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 8, REMAINDER %s)', t || '_' || part, t, part);
    END LOOP;
  END LOOP;
END $$;

-- Row-level security: a session sees the one workspace it named, and none when it named none. Partitions too, should
-- somebody ask one by its own name.
DO $$
DECLARE t text;
BEGIN
  FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')
      AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    -- Even the owner is held to one workspace.
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$CREATE POLICY workspace_isolation ON %I
      USING (workspace_id = (SELECT nullif(current_setting('tributary.workspace_id', true), '')::uuid))
      WITH CHECK (workspace_id = (SELECT nullif(current_setting('tributary.workspace_id', true), '')::uuid))$p$, t);
  END LOOP;
END $$;

-- The worker must know which workspaces there are; it learns ids and settings, never customer data. Only the owner, and
-- only inside this function, sees all rows.
CREATE POLICY workspace_listing ON workspace FOR SELECT TO CURRENT_ROLE
  USING (current_setting('tributary.listing', true) = 'on');
CREATE FUNCTION list_workspaces() RETURNS TABLE (workspace_id uuid, slug text, refresh_minutes integer)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
BEGIN
  -- A SET clause of the function would take a superuser to make it.
  PERFORM set_config('tributary.listing', 'on', true);
  RETURN QUERY SELECT w.workspace_id, w.slug, w.refresh_minutes FROM workspace w ORDER BY w.slug;
  PERFORM set_config('tributary.listing', '', true);
END $$;

-- The application's role has no right to `quota` and no policy lets it in; these run as the owner, whom one does.
ALTER TABLE quota ENABLE ROW LEVEL SECURITY;
ALTER TABLE quota FORCE ROW LEVEL SECURITY;
CREATE POLICY quota_functions ON quota TO CURRENT_ROLE USING (true) WITH CHECK (true);

-- Takes tokens, into debt where there are not enough; returns milliseconds to wait before the last of them may be used. The
-- server's clock decides, so that workers need not agree on the time. `refilled_at` in the future is a block.
CREATE FUNCTION quota_reserve(key text, burst double precision, per_second double precision, n double precision)
  RETURNS double precision
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    INSERT INTO quota AS bucket (bucket_key, tokens) VALUES (key, burst - n)
    ON CONFLICT (bucket_key) DO UPDATE SET
      tokens = least(burst, bucket.tokens
        + per_second * greatest(0, extract(epoch FROM clock_timestamp() - bucket.refilled_at)::float8)) - n,
      refilled_at = greatest(bucket.refilled_at, clock_timestamp())
    RETURNING 1000 * (greatest(0, -tokens) / per_second
      + greatest(0, extract(epoch FROM refilled_at - clock_timestamp())::float8))
  $$;
CREATE FUNCTION quota_give_back(key text, n double precision) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ UPDATE quota SET tokens = tokens + n WHERE bucket_key = key $$;
CREATE FUNCTION quota_block(key text, until timestamptz) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    INSERT INTO quota AS bucket (bucket_key, tokens, refilled_at, blocked_until) VALUES (key, 0, until, until)
    ON CONFLICT (bucket_key) DO UPDATE SET
      tokens = least(bucket.tokens, 0),
      refilled_at = greatest(bucket.refilled_at, excluded.refilled_at),
      blocked_until = greatest(bucket.blocked_until, excluded.blocked_until)
  $$;

-- Nobody searches by these; without them, looking at a table reads the wide values of no sampled row.
ALTER TABLE source_content ALTER COLUMN data SET STATISTICS 0, ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE source_record ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE identifier ALTER COLUMN reason SET STATISTICS 0, ALTER COLUMN value SET STATISTICS 0;
ALTER TABLE customer_order ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE touchpoint ALTER COLUMN hash SET STATISTICS 0;

-- After a first load the planner knows nothing of tables that were empty a minute ago and reads them whole until autovacuum
-- runs; and autovacuum looks at partitions alone, never at the table they make up. Only owners may ANALYZE, hence a
-- function; it looks at what changed or grew, and mostly does nothing. A tenth of the usual sample tells as well how
-- large a table is and that its keys differ, which is all that looking things up by index takes.
CREATE FUNCTION refresh_statistics() RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET default_statistics_target = 10
  AS $$
DECLARE
  stale text;
  analysed integer := 0;
BEGIN
  FOR stale IN
    SELECT relid::regclass::text FROM pg_stat_user_tables
    WHERE schemaname = 'public' AND n_mod_since_analyze > 1000 AND n_mod_since_analyze > 0.3 * n_live_tup
    UNION ALL
    -- Without ONLY a look at a table in partitions is one at each of them.
    SELECT CASE WHEN current_setting('server_version_num')::int >= 180000 THEN 'ONLY ' ELSE '' END || oid::regclass
    FROM pg_class whole WHERE relnamespace = 'public'::regnamespace AND relkind = 'p' AND 1000 + 1.3 * greatest(reltuples, 0) <
      (SELECT sum(n_live_tup) FROM pg_inherits JOIN pg_stat_user_tables ON relid = inhrelid WHERE inhparent = whole.oid)
  LOOP
    EXECUTE 'ANALYZE (SKIP_LOCKED) ' || stale;
    analysed := analysed + 1;
  END LOOP;
  RETURN analysed;
END $$;

-- The application's role: no ownership, no bypass, and no way to rewrite the ledger. migrate.ts lets it log in.
DO $$
BEGIN
  CREATE ROLE tributary_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION
  -- Roles belong to the server: another of its databases made it, perhaps this instant.
  WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO tributary_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tributary_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tributary_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tributary_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO tributary_app;
REVOKE UPDATE, DELETE ON consent_entry, audit_log FROM tributary_app;
REVOKE UPDATE ON source_content FROM tributary_app;
REVOKE ALL ON quota FROM tributary_app;
DO $$
DECLARE f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY['list_workspaces()', 'refresh_statistics()', 'quota_give_back(text, float8)',
    'quota_reserve(text, float8, float8, float8)', 'quota_block(text, timestamptz)']::regprocedure[]
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;
-- The record of migrations is the owner's alone (absent when the file is run by hand); the application learns the names.
DO $$
BEGIN
  IF to_regclass('_prisma_migrations') IS NOT NULL THEN
    REVOKE ALL ON _prisma_migrations FROM tributary_app;
    CREATE FUNCTION applied_migrations() RETURNS SETOF text
      LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
      AS 'SELECT migration_name::text FROM _prisma_migrations WHERE finished_at IS NOT NULL';
    REVOKE ALL ON FUNCTION applied_migrations() FROM PUBLIC;
    GRANT EXECUTE ON FUNCTION applied_migrations() TO tributary_app;
  END IF;
END $$;
