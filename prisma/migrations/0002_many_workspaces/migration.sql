-- The owner is no longer held to one workspace. Forced policies made a backup by an owner who is no superuser fail or, asked
-- to respect them, come out empty, and let a migration's UPDATE reach no row without a word. This stands before everything
-- that reads rows. The application's role owns nothing and stays bound (docs/decisions/013-owner-sees-all.md).
DO $$
DECLARE t regclass;
BEGIN
  FOR t IN SELECT oid FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relforcerowsecurity LOOP
    EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t);
  END LOOP;
END $$;

-- These let the owner through by name, and a backup could be restored only where a role of that name exists.
DROP POLICY workspace_listing ON workspace;
DROP POLICY quota_functions ON quota;
CREATE OR REPLACE FUNCTION list_workspaces() RETURNS TABLE (workspace_id uuid, slug text, refresh_minutes integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT w.workspace_id, w.slug, w.refresh_minutes FROM workspace w ORDER BY w.slug';

-- What every table with customer data needs (docs/decisions/014-no-statistics-of-workspaces.md): rows of one workspace only, and
-- a planner that knows no workspace. For this and later migrations.
CREATE FUNCTION isolate_by_workspace(t regclass) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $isolate$
BEGIN
  EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN workspace_id SET STATISTICS 0', t);
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format($p$CREATE POLICY workspace_isolation ON %s
    USING (workspace_id = (SELECT nullif(current_setting('tributary.workspace_id', true), '')::uuid))
    WITH CHECK (workspace_id = (SELECT nullif(current_setting('tributary.workspace_id', true), '')::uuid))$p$, t);
END $isolate$;
REVOKE ALL ON FUNCTION isolate_by_workspace(regclass) FROM PUBLIC;

-- What this database was last migrated as: its name, and the role that its rights were given to. A copy under another name
-- and a role that was changed by hand are told by the difference.
CREATE TABLE deployment (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  database_name text NOT NULL,
  app_role text NOT NULL
);
REVOKE ALL ON deployment FROM tributary_app;
-- For everybody: who logs in as another role learns which one it should be.
CREATE FUNCTION deployed_as() RETURNS TABLE (database text, role text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT database_name, app_role FROM deployment';

-- Streams and plans that take longer than a refresh waits for them.

-- Since when refreshes go on without this stream: its reading had not come to an end in time. Null: it is in time.
ALTER TABLE stream_state ADD COLUMN late_since timestamptz;

-- Retention: what is kept, for how long, and in less room.

-- How many days a workspace keeps something. Without a row the usual time holds, without days it is kept for ever.
CREATE TABLE retention (
  workspace_id uuid NOT NULL REFERENCES workspace,
  kind text NOT NULL CHECK (kind IN ('runs', 'plans', 'versions')),
  days integer CHECK (days > 0),
  PRIMARY KEY (workspace_id, kind)
);
-- When everything past its time was last removed.
ALTER TABLE workspace ADD COLUMN pruned_at timestamptz;
-- Until now everything was kept: whoever wants that for longer has a week to say so.
UPDATE workspace SET pruned_at = now() + interval '6 days';
-- Changes and deliveries of the plan are being removed, or were: it can no longer be undone.
ALTER TABLE plan ADD COLUMN pruned_at timestamptz;
-- Plans whose row is gone. A plan is named after its number, and no number is given twice.
ALTER TABLE connection ADD COLUMN plans_pruned integer NOT NULL DEFAULT 0;

-- What each record held after our last write of each field: how our own values are told from a person's edits, for as long
-- as the record is there. The history in `plan_change` and `delivery` may go.
CREATE TABLE last_written (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  held jsonb NOT NULL,
  written_at timestamptz NOT NULL,
  plan_id uuid NOT NULL,
  PRIMARY KEY (workspace_id, record_id)
) WITH (fillfactor = 85);
INSERT INTO last_written (workspace_id, record_id, connection_id, held, written_at, plan_id)
  SELECT workspace_id, record_id, min(connection_id::text)::uuid, jsonb_object_agg(key, value), max(delivered_at),
    (array_agg(plan_id ORDER BY delivered_at DESC, plan_id))[1]
  FROM (
    SELECT DISTINCT ON (d.workspace_id, c.record_id, each.key) d.workspace_id, c.record_id, d.connection_id, each.key, each.value,
      d.delivered_at, d.plan_id
    FROM delivery d JOIN plan_change c USING (workspace_id, plan_id, vendor_id) CROSS JOIN jsonb_each(d.read_back) AS each
    ORDER BY d.workspace_id, c.record_id, each.key, d.delivered_at DESC, d.plan_id
  ) AS newest GROUP BY workspace_id, record_id;

-- What became of a change stands beside it, in a narrow row: a change is wide, and rewriting it with each step of its way
-- took twice its width again. A change without a delivery was not tried yet. The values are kept where they are others than
-- planned (`before`, `after`), or read back otherwise than written.
DROP INDEX delivery_record, plan_change_pending;
ALTER TABLE delivery
  ALTER COLUMN before DROP NOT NULL,
  ALTER COLUMN after DROP NOT NULL,
  ALTER COLUMN read_back DROP NOT NULL,
  ALTER COLUMN grant_entry_ids DROP NOT NULL,
  ALTER COLUMN delivered_at DROP NOT NULL,
  ALTER COLUMN delivered_at DROP DEFAULT,
  DROP COLUMN connection_id,
  ADD COLUMN status text NOT NULL DEFAULT 'applied',
  ADD COLUMN attempts integer NOT NULL DEFAULT 1,
  ADD COLUMN reason text,
  -- Room for the result in the page of the try: no index entry is made again.
  SET (fillfactor = 40);
INSERT INTO delivery (workspace_id, plan_id, vendor_id, status, attempts, reason)
  SELECT workspace_id, plan_id, vendor_id, status, attempts, reason FROM plan_change
  WHERE status NOT IN ('pending', 'applied') OR (status = 'pending' AND attempts > 0)
  ON CONFLICT DO NOTHING;
ALTER TABLE delivery
  ALTER COLUMN status DROP DEFAULT,
  ALTER COLUMN attempts DROP DEFAULT,
  ADD CONSTRAINT delivery_status_check
    CHECK (status IN ('pending', 'sent', 'applied', 'failed', 'skipped', 'gone')),
  ADD CONSTRAINT delivery_applied_check CHECK (status <> 'applied' OR (grant_entry_ids IS NOT NULL AND delivered_at IS NOT NULL));
ALTER TABLE plan_change DROP COLUMN status, DROP COLUMN attempts, DROP COLUMN reason;

-- Record ids are made of connection, stream and vendor id, which are unique with them. What is left to look for by these is
-- a whole stream: an index without the ids takes a tenth of the room.
DROP INDEX source_record_vendor;
CREATE INDEX source_record_stream ON source_record (workspace_id, connection_id, stream);

-- Versions of what a vendor said that a newer one took the place of, since when.
CREATE TABLE superseded_content (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  hash bytea NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, record_id, hash)
);
INSERT INTO superseded_content (workspace_id, record_id, hash)
  SELECT c.workspace_id, c.record_id, c.hash
  FROM source_content c JOIN source_record r USING (workspace_id, record_id) WHERE c.hash <> r.hash;
CREATE INDEX superseded_content_since ON superseded_content (workspace_id, since);

SELECT isolate_by_workspace(t) FROM unnest(ARRAY['retention', 'last_written', 'superseded_content']::regclass[]) AS t;

-- Who this installation is. Its name is in everything it keeps at Temporal, so that two installations can share a namespace.
CREATE TABLE installation (
  installation_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  created_at timestamptz NOT NULL DEFAULT now(),
  only_one boolean NOT NULL UNIQUE DEFAULT true CHECK (only_one)
);
INSERT INTO installation DEFAULT VALUES;
REVOKE INSERT, UPDATE, DELETE ON installation FROM tributary_app;

-- The refresh schedule at Temporal is yet to be made as the workspace says here. True to begin with: those that 0.1.0 made are
-- made anew.
ALTER TABLE workspace ADD COLUMN schedule_pending boolean NOT NULL DEFAULT true;
CREATE INDEX workspace_schedule_pending ON workspace (workspace_id) WHERE schedule_pending;
CREATE FUNCTION workspaces_to_schedule() RETURNS TABLE (workspace_id uuid, refresh_minutes integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT w.workspace_id, w.refresh_minutes FROM workspace w WHERE w.schedule_pending ORDER BY w.workspace_id';
-- Any one whose schedule was made: to ask Temporal whether it still knows it.
CREATE FUNCTION scheduled_workspace() RETURNS TABLE (workspace_id uuid, refresh_minutes integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT w.workspace_id, w.refresh_minutes FROM workspace w WHERE NOT w.schedule_pending LIMIT 1';
CREATE FUNCTION schedule_all_workspaces() RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS 'UPDATE workspace SET schedule_pending = true WHERE NOT schedule_pending';
-- Which master keys the stored credentials need: their ids alone, of every workspace at once.
CREATE FUNCTION credential_keys_in_use() RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT DISTINCT key_id FROM credential ORDER BY 1';
DO $$
DECLARE f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY['workspaces_to_schedule()', 'scheduled_workspace()', 'schedule_all_workspaces()',
    'credential_keys_in_use()']::regprocedure[]
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;

-- What an account really allows. Answers name it, and refusals tell where they do not; every worker goes by the same.
ALTER TABLE quota
  -- Calls in any stretch of so many milliseconds, as the vendor's answers say. Null: it has not said.
  ADD COLUMN learned_calls double precision CHECK (learned_calls > 0),
  ADD COLUMN learned_window_ms double precision CHECK (learned_window_ms > 0),
  -- The share of the allowance that is used since the last refusal for going too fast; it grows back with time.
  ADD COLUMN pace double precision NOT NULL DEFAULT 1 CHECK (pace > 0 AND pace <= 1),
  ADD COLUMN refused_at timestamptz;

-- A thirtieth of the allowance comes back each minute.
CREATE FUNCTION quota_pace(pace double precision, refused_at timestamptz, at timestamptz) RETURNS double precision
  LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp
  AS $$ SELECT least(1, pace + coalesce(greatest(0, extract(epoch FROM at - refused_at)::float8), 0) / 1800) $$;

-- Who waits for the bucket, by process: {"urgency": 1, "since": ..., "until": ...}, in seconds since the epoch. Whoever does not
-- ask again in time has given up. And how often tokens were given, by which turns are counted.
ALTER TABLE quota ADD COLUMN waiting jsonb NOT NULL DEFAULT '{}', ADD COLUMN given bigint NOT NULL DEFAULT 0;

-- Takes tokens if it is the asker's turn, and says how long to wait before the last of them may be used, or when to ask again.
-- `refilled_at` in the future is a block. Capacity and what comes back within one window add up to what the window
-- allows, so that no window of that length, wherever it begins, ever holds more. An allowance of hardly one call keeps its
-- capacity of one, and refills within a little more than a window.
--
-- Tokens are given shortly before they may be used, and until then nobody has them: of several processes that wait the one
-- with the most urgent call gets them, every fourth time the one that has waited longest. While nobody else waits, that is
-- one question for each lot of tokens; only who waits for more than a second asks twice.
--
-- @param who the process; null: tokens are taken whoever waits, into debt
-- @param next_urgency of the call after these, where more of them wait in the process
-- @param most_wait_ms who has to wait longer does not queue
CREATE FUNCTION quota_take_at(key text, calls double precision, most_calls double precision, window_ms double precision,
    share double precision, n double precision, who text, urgency integer, next_urgency integer, most_wait_ms double precision,
    at timestamptz, OUT taken boolean, OUT wait_ms double precision, OUT again_ms double precision, OUT per_second double precision)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
DECLARE
  bucket quota;
  allowed double precision := calls;
  stretch double precision := window_ms;
  capacity double precision;
  -- As far ahead tokens are given.
  ahead_ms double precision;
  moment double precision := extract(epoch FROM at)::float8;
  since double precision := moment;
  before integer := 0;
BEGIN
  SELECT * INTO bucket FROM quota WHERE bucket_key = key FOR UPDATE;
  IF NOT FOUND THEN
    -- As full as it can be.
    INSERT INTO quota (bucket_key, tokens, refilled_at) VALUES (key, 'Infinity', at) ON CONFLICT DO NOTHING;
    SELECT * INTO bucket FROM quota WHERE bucket_key = key FOR UPDATE;
  END IF;
  IF bucket.learned_calls IS NOT NULL THEN
    stretch := bucket.learned_window_ms;
    allowed := least(bucket.learned_calls, most_calls * stretch / window_ms);
  END IF;
  allowed := allowed * share * quota_pace(bucket.pace, bucket.refused_at, at);
  capacity := greatest(1, allowed / 10);
  per_second := 1000 * greatest(allowed - capacity, 0.9 * least(allowed, 1)) / stretch;
  bucket.tokens := least(capacity, bucket.tokens
    + per_second * greatest(0, extract(epoch FROM at - bucket.refilled_at)::float8));
  bucket.refilled_at := greatest(bucket.refilled_at, at);
  wait_ms := 1000 * (greatest(0, n - bucket.tokens) / per_second
    + greatest(0, extract(epoch FROM bucket.refilled_at - at)::float8));
  again_ms := 0;
  IF bucket.waiting <> '{}' THEN
    since := coalesce((bucket.waiting #>> ARRAY[who, 'since'])::float8, moment);
    SELECT coalesce(jsonb_object_agg(w.key, w.value), '{}'), coalesce(count(*) FILTER (WHERE CASE
        WHEN (bucket.given + 1) % 4 = 0 THEN (w.value ->> 'since')::float8 < since
        ELSE ((w.value ->> 'urgency')::integer, (w.value ->> 'since')::float8) < (urgency, since) END), 0)
      INTO bucket.waiting, before
      FROM jsonb_each(bucket.waiting) AS w WHERE w.key IS DISTINCT FROM who AND (w.value ->> 'until')::float8 > moment;
  END IF;
  ahead_ms := greatest(50, least(1000, 1000 / per_second));
  -- Where there are enough for all nobody has to wait for anybody.
  taken := who IS NULL OR (bucket.tokens >= n * (before + 1) AND wait_ms = 0) OR (before = 0 AND wait_ms <= ahead_ms);
  IF taken THEN
    bucket.tokens := bucket.tokens - n;
    bucket.given := bucket.given + CASE WHEN n > 0 THEN 1 ELSE 0 END;
    IF next_urgency IS NOT NULL THEN
      bucket.waiting := bucket.waiting || jsonb_build_object(who, jsonb_build_object(
        'urgency', next_urgency, 'since', moment, 'until', moment + wait_ms / 1000 + 0.25));
    END IF;
  ELSE
    wait_ms := wait_ms + 1000 * before * n / per_second;
    again_ms := greatest(5, wait_ms - ahead_ms);
    IF wait_ms <= most_wait_ms THEN
      bucket.waiting := bucket.waiting || jsonb_build_object(who, jsonb_build_object(
        'urgency', urgency, 'since', since, 'until', moment + again_ms / 1000 + 0.25));
    END IF;
  END IF;
  UPDATE quota SET tokens = bucket.tokens, refilled_at = bucket.refilled_at, waiting = bucket.waiting, given = bucket.given
    WHERE bucket_key = key;
END $$;

-- Takes tokens, into debt where there are not enough: how long to wait before the last of them may be used, and how many
-- a second there are from then on.
CREATE FUNCTION quota_reserve_at(key text, calls double precision, most_calls double precision, window_ms double precision,
    share double precision, n double precision, at timestamptz, OUT wait_ms double precision, OUT per_second double precision)
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT wait_ms, per_second FROM quota_take_at(key, calls, most_calls, window_ms, share, n, NULL, 0, NULL, 0, at)
  $$;

-- The server's clock decides, so that workers need not agree on the time.
DROP FUNCTION quota_reserve(text, double precision, double precision, double precision), quota_give_back(text, double precision);
CREATE FUNCTION quota_reserve(key text, calls double precision, most_calls double precision, window_ms double precision,
    share double precision, n double precision, OUT wait_ms double precision, OUT per_second double precision)
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ SELECT wait_ms, per_second FROM quota_reserve_at(key, calls, most_calls, window_ms, share, n, clock_timestamp()) $$;
CREATE FUNCTION quota_take(key text, calls double precision, most_calls double precision, window_ms double precision,
    share double precision, n double precision, who text, urgency integer, next_urgency integer, most_wait_ms double precision,
    OUT taken boolean, OUT wait_ms double precision, OUT again_ms double precision, OUT per_second double precision)
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT taken, wait_ms, again_ms, per_second FROM quota_take_at(key, calls, most_calls, window_ms, share, n, who, urgency,
      next_urgency, most_wait_ms, clock_timestamp())
  $$;

-- The vendor found us too fast: nobody spends before `until`, and from then on less. Those who were under way together are
-- refused together, and that counts once.
CREATE FUNCTION quota_refused(key text, until timestamptz) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT quota_block(key, until);
    UPDATE quota SET pace = greatest(0.1, 0.7 * quota_pace(pace, refused_at, clock_timestamp())), refused_at = clock_timestamp()
    WHERE bucket_key = key AND (refused_at IS NULL OR refused_at < clock_timestamp() - interval '10 seconds')
  $$;

CREATE FUNCTION quota_learn(key text, calls double precision, window_ms double precision) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    INSERT INTO quota AS bucket (bucket_key, tokens, learned_calls, learned_window_ms) VALUES (key, 'Infinity', calls, window_ms)
    ON CONFLICT (bucket_key) DO UPDATE SET learned_calls = excluded.learned_calls, learned_window_ms = excluded.learned_window_ms
  $$;

REVOKE ALL ON FUNCTION quota_pace(double precision, timestamptz, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION quota_reserve_at(text, double precision, double precision, double precision, double precision,
  double precision, timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION quota_take_at(text, double precision, double precision, double precision, double precision,
  double precision, text, integer, integer, double precision, timestamptz) FROM PUBLIC;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY[
    'quota_reserve(text, double precision, double precision, double precision, double precision, double precision)',
    'quota_take(text, double precision, double precision, double precision, double precision, double precision, text, integer,
      integer, double precision)',
    'quota_refused(text, timestamptz)', 'quota_learn(text, double precision, double precision)'
  ] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;

-- What was compared for a plan under construction, so that another attempt goes on from there: the record, and the mark
-- its profile had. Empty for every other plan.
CREATE TABLE plan_compared (
  workspace_id uuid NOT NULL,
  plan_id uuid NOT NULL,
  record_id uuid NOT NULL,
  output_seq bigint NOT NULL,
  PRIMARY KEY (workspace_id, plan_id, record_id),
  FOREIGN KEY (workspace_id, plan_id) REFERENCES plan ON DELETE CASCADE
);
SELECT isolate_by_workspace('plan_compared');
-- Of the fields it compares: with others, what was compared says nothing.
ALTER TABLE plan ADD COLUMN built_for text;

-- How the refreshes of a workspace went that found nothing new: one row, however many there were.
CREATE TABLE idle_refresh (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  -- When a refresh last went through all of its steps; null: the next one has to.
  whole_at timestamptz,
  -- Since the last run that had something to do.
  refreshes bigint NOT NULL DEFAULT 0,
  since timestamptz,
  last_at timestamptz
);
SELECT isolate_by_workspace('idle_refresh');

-- Plans that do not depend on which workspaces the planner has met (docs/decisions/014-no-statistics-of-workspaces.md):
-- knowing nothing of the column it takes every workspace for a two-hundredth of a table. What it knows already is forgotten;
-- before Postgres 18 only a superuser can have that done.
DO $$
DECLARE
  each record;
  inherited boolean;
BEGIN
  FOR each IN
    SELECT c.oid::regclass AS of, c.oid, c.relname, a.attnum
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    EXECUTE format('ALTER TABLE ONLY %s ALTER COLUMN workspace_id SET STATISTICS 0', each.of);
    IF current_setting('server_version_num')::int >= 180000 THEN
      FOREACH inherited IN ARRAY ARRAY[false, true] LOOP
        PERFORM pg_clear_attribute_stats('public', each.relname, 'workspace_id', inherited);
      END LOOP;
    ELSIF has_table_privilege('pg_statistic', 'DELETE') THEN
      DELETE FROM pg_statistic WHERE starelid = each.oid AND staattnum = each.attnum;
    END IF;
  END LOOP;
END $$;

-- Changes are carried out in the order in which the vendor made their records: records asked for together are then
-- neighbours in a vendor's list, and reading them costs what they are many, not what the list is long. Not known: last.
ALTER TABLE plan_change ADD COLUMN source_created_at timestamptz NOT NULL DEFAULT 'infinity';
CREATE INDEX plan_change_order ON plan_change (workspace_id, plan_id, source_created_at, vendor_id);

-- On call: how long calls to tools take, when a step last told of progress, and what was told to whom.

-- `buckets`: how many calls took about 2^(n/4) milliseconds, by n.
CREATE TABLE vendor_call (
  workspace_id uuid NOT NULL REFERENCES workspace,
  hour timestamptz NOT NULL,
  connector text NOT NULL,
  operation text NOT NULL,
  outcome text NOT NULL,
  buckets jsonb NOT NULL,
  PRIMARY KEY (workspace_id, hour, connector, operation, outcome)
);

-- When the step last added to its counts: a run whose steps are silent is stuck.
ALTER TABLE run_step ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now();

-- What is wrong and who was told, per way of telling. The whole installation's own troubles are kept under a workspace id
-- that no workspace has, hence no reference.
CREATE TABLE alert (
  workspace_id uuid NOT NULL,
  kind text NOT NULL,
  subject text NOT NULL,
  channel text NOT NULL,
  says text NOT NULL,
  since timestamptz NOT NULL DEFAULT now(),
  seen_at timestamptz NOT NULL,
  told_at timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  next_try_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, kind, subject, channel)
);

-- Workers and consoles all watch; who moves this on has the turn.
CREATE TABLE watch (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  next_turn_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO watch DEFAULT VALUES;

SELECT isolate_by_workspace(t) FROM unnest(ARRAY['vendor_call', 'alert']::regclass[]) AS t;

-- Which workspaces somebody has to look at: one question for all of them, answered from few rows.
CREATE INDEX run_open ON run (workspace_id) WHERE finished_at IS NULL;
CREATE INDEX plan_to_watch ON plan (workspace_id)
  WHERE status IN ('building', 'approved', 'applying', 'applied_with_failures');
CREATE FUNCTION workspaces_to_watch() RETURNS TABLE (workspace_id uuid, slug text, refresh_minutes integer)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT w.workspace_id, w.slug, w.refresh_minutes FROM workspace w WHERE
      EXISTS (SELECT FROM connection c WHERE c.workspace_id = w.workspace_id
        AND c.status IN ('needs_reconnect', 'needs_permission'))
      OR EXISTS (SELECT FROM run r WHERE r.workspace_id = w.workspace_id AND r.finished_at IS NULL)
      OR EXISTS (SELECT FROM stream_state s WHERE s.workspace_id = w.workspace_id AND (
        s.held_at IS NOT NULL OR s.error_kind IS NOT NULL OR s.last_success_at IS NULL
        OR s.last_success_at < now() - greatest(interval '1 hour', 3 * w.refresh_minutes * interval '1 minute')))
      OR EXISTS (SELECT FROM plan p WHERE p.workspace_id = w.workspace_id
        AND p.status IN ('building', 'approved', 'applying', 'applied_with_failures'))
      OR EXISTS (SELECT FROM alert a WHERE a.workspace_id = w.workspace_id)
    ORDER BY w.slug
  $$;
REVOKE ALL ON FUNCTION workspaces_to_watch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION workspaces_to_watch() TO tributary_app;

-- Which transactions changed what consent at the moment of sending rests on. What was read for a whole portion of a plan holds
-- for each call of it as long as nothing stands here that the reading could not see. Written by triggers, so that no writer
-- can forget it; kept for an hour, which is many times as long as anything that was read is trusted.
CREATE TABLE consent_news (
  workspace_id uuid NOT NULL,
  transaction_id bigint NOT NULL DEFAULT pg_current_xact_id()::text::bigint,
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, transaction_id)
);
SELECT isolate_by_workspace('consent_news');
CREATE FUNCTION note_consent_news() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp
  AS $$
BEGIN
  -- Outside of any workspace only the owner changes something: it may concern all of them. A restored database may hold the
  -- number of this transaction already.
  INSERT INTO consent_news AS known (workspace_id)
    SELECT workspace_id FROM workspace
    WHERE workspace_id = coalesce(nullif(current_setting('tributary.workspace_id', true), '')::uuid, workspace_id)
    ON CONFLICT (workspace_id, transaction_id) DO UPDATE SET at = excluded.at WHERE known.at <> excluded.at;
  RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION note_consent_news() FROM PUBLIC;
DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['consent_entry', 'membership', 'identifier', 'source_record', 'shared_value', 'merge_refusal'] LOOP
    EXECUTE format('CREATE TRIGGER consent_news AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I
      FOR EACH STATEMENT EXECUTE FUNCTION note_consent_news()', t);
  END LOOP;
END $$;
-- How national numbers are read, and when a day ends.
CREATE TRIGGER consent_news AFTER UPDATE OF default_country, time_zone ON workspace
  FOR EACH STATEMENT EXECUTE FUNCTION note_consent_news();

-- Several workers resolve one workspace. Each takes its records in this order, so that those of one person come into one hand.
ALTER TABLE unresolved ADD COLUMN near integer NOT NULL DEFAULT 0;

-- What was foretold of a step's calls before it began, by connection: beside it stands what it took.
ALTER TABLE run_step ADD COLUMN forecasts jsonb NOT NULL DEFAULT '{}';

-- Our part of what the account is allowed; the rest is for the customer's other apps. Null: the usual one.
ALTER TABLE connection ADD COLUMN quota_share double precision CHECK (quota_share > 0 AND quota_share <= 1);

-- How often a workspace is refreshed follows its news, unless somebody has said how often (`refresh_fixed`). `refresh_minutes` is
-- what is in force since `refresh_since`.
ALTER TABLE workspace
  ADD COLUMN refresh_fixed boolean NOT NULL DEFAULT false,
  ADD COLUMN refresh_since timestamptz NOT NULL DEFAULT now();
UPDATE workspace SET refresh_fixed = true WHERE refresh_minutes <> 15;
-- When reading by ourselves last brought something new; what a webhook told of does not count.
ALTER TABLE idle_refresh ADD COLUMN news_at timestamptz;

-- What an account's answers say of its whole day: how many calls it is allowed, and how many were left when they last said so.
ALTER TABLE quota ADD COLUMN day_calls double precision, ADD COLUMN day_left double precision, ADD COLUMN day_seen_at timestamptz;
CREATE FUNCTION quota_learn_day(key text, calls double precision, remaining double precision) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    INSERT INTO quota AS bucket (bucket_key, tokens, day_calls, day_left, day_seen_at)
      VALUES (key, 0, calls, remaining, clock_timestamp())
    ON CONFLICT (bucket_key) DO UPDATE SET
      day_calls = excluded.day_calls, day_left = excluded.day_left, day_seen_at = excluded.day_seen_at
  $$;
CREATE FUNCTION quota_day(key text, valid_minutes double precision, OUT calls double precision, OUT remaining double precision)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT day_calls, day_left FROM quota
    WHERE bucket_key = key AND day_seen_at > clock_timestamp() - valid_minutes * interval '1 minute'
  $$;
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['quota_learn_day(text, double precision, double precision)', 'quota_day(text, double precision)'] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;

-- In how many tables the planner still knows workspaces by statistics of before: those of a plain owner's on Postgres 17, who can
-- neither clear them nor change the type of a partition's key. Behind a function, since nobody under a policy sees statistics.
CREATE FUNCTION workspace_statistics() RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ SELECT count(DISTINCT tablename) FROM pg_stats WHERE schemaname = 'public' AND attname = 'workspace_id' $$;
REVOKE ALL ON FUNCTION workspace_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION workspace_statistics() TO tributary_app;
