-- The vendor's job that a write was left with: whoever comes after a crash looks at it instead of ordering the same once more.
ALTER TABLE delivery ADD COLUMN job text;

-- Figures by day: what was spent, and what was counted. They are about nobody. A day that is read again takes the place of
-- what was held of it, so rows are removed here, and nothing but the present state is kept.
CREATE TABLE spend (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  -- The property or ad account at the vendor.
  account text NOT NULL,
  -- In the account's own time zone.
  day date NOT NULL,
  dimensions jsonb NOT NULL,
  -- Millionths of the currency's unit.
  amount_micros bigint NOT NULL,
  currency char(3) NOT NULL,
  flags text[] NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (workspace_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX spend_day ON spend (workspace_id, connection_id, stream, account, day);

CREATE TABLE metric (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  account text NOT NULL,
  day date NOT NULL,
  dimensions jsonb NOT NULL,
  name text NOT NULL,
  value double precision NOT NULL,
  unit text NOT NULL CHECK (unit IN ('count', 'people', 'ratio', 'seconds', 'micros')),
  -- Of micros.
  currency char(3),
  flags text[] NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (workspace_id, record_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX metric_day ON metric (workspace_id, connection_id, stream, account, day);

-- Which days are in hand, and what is to be known of each: a day without rows is not one that was not read.
CREATE TABLE figure_day (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  account text NOT NULL,
  day date NOT NULL,
  flags text[] NOT NULL DEFAULT '{}',
  -- Every row of it was understood.
  whole boolean NOT NULL DEFAULT false,
  -- The vendor corrects it no more.
  settled boolean NOT NULL DEFAULT false,
  -- First; null only within the transaction that reads it.
  read_at timestamptz,
  -- When a later reading last found other figures, and how often that happened.
  corrected_at timestamptz,
  corrections integer NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, connection_id, stream, account, day)
);
CREATE INDEX figure_day_past ON figure_day (workspace_id, day);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['spend', 'metric'] LOOP
    FOR part IN 0..7 LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 8, REMAINDER %s)', t || '_' || part, t, part);
    END LOOP;
  END LOOP;
END $$;
-- The parts too: somebody who names one must not get around the table.
SELECT isolate_by_workspace(oid) FROM pg_class
  WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND relname ~ '^(spend|metric|figure_day)(_\d)?$';
ALTER TABLE spend ALTER COLUMN hash SET STATISTICS 0;
ALTER TABLE metric ALTER COLUMN hash SET STATISTICS 0;

ALTER TABLE retention DROP CONSTRAINT retention_kind_check,
  ADD CONSTRAINT retention_kind_check CHECK (kind IN ('runs', 'plans', 'versions', 'figures'));

-- Signing in at a vendor, and keys that can be changed.

-- The key that a workspace's credentials are encrypted under, itself encrypted under a master key of the configuration.
CREATE TABLE workspace_key (
  workspace_id uuid NOT NULL REFERENCES workspace,
  key_no integer NOT NULL,
  master_key_id text NOT NULL,
  nonce bytea NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, key_no)
);

-- Encrypted under the workspace's key `key_no`; those of earlier releases under one derived from the master key `key_id`.
ALTER TABLE credential
  ALTER COLUMN key_id DROP NOT NULL,
  ADD COLUMN key_no integer,
  -- key: what a person handed over. sign_in: tokens, which change.
  ADD COLUMN kind text NOT NULL DEFAULT 'key' CHECK (kind IN ('key', 'sign_in')),
  -- ended: the vendor takes it no more. revoking: the connection is gone, and the vendor is yet to be told.
  ADD COLUMN state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'ended', 'revoking')),
  -- Moves on with every change, so that whoever waited for one knows that there was one.
  ADD COLUMN version bigint NOT NULL DEFAULT 1,
  -- Of a sign-in: which of the tool's ways, what was granted, when the access token ends (when revoking: until when that is
  -- tried), when it was last refreshed, and when somebody has to see to it.
  ADD COLUMN way text,
  ADD COLUMN scopes text[] NOT NULL DEFAULT '{}',
  ADD COLUMN expires_at timestamptz,
  ADD COLUMN refreshed_at timestamptz,
  ADD COLUMN due_at timestamptz,
  ADD CONSTRAINT credential_one_key CHECK ((key_id IS NULL) <> (key_no IS NULL)),
  ADD CONSTRAINT credential_workspace_key FOREIGN KEY (workspace_id, key_no) REFERENCES workspace_key;
CREATE INDEX credential_due ON credential (due_at) WHERE due_at IS NOT NULL;

-- A sign-in that somebody began and has not ended, or has lately. Of what travels through browsers only hashes are kept.
CREATE TABLE sign_in (
  workspace_id uuid NOT NULL REFERENCES workspace,
  sign_in_id uuid NOT NULL,
  connector text NOT NULL,
  way text NOT NULL,
  -- Null: a new connection. Else the one that is signed in again.
  connection_id uuid,
  name text,
  base_url text,
  requests_per_second double precision,
  -- What the person said that no sign-in brings. No secrets.
  given jsonb NOT NULL DEFAULT '{}',
  redirect_uri text NOT NULL,
  actor text NOT NULL,
  -- Of the link that opens it, of the cookie of the browser that did, of the state that the vendor sends back.
  ticket_hash bytea NOT NULL,
  browser_hash bytea,
  state_hash bytea,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  -- Null: under way.
  outcome text CHECK (outcome IN ('connected', 'refused')),
  -- For the person who began it: no secret, no personal data.
  says jsonb,
  PRIMARY KEY (workspace_id, sign_in_id),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);
CREATE UNIQUE INDEX sign_in_ticket ON sign_in (ticket_hash);
CREATE UNIQUE INDEX sign_in_state ON sign_in (state_hash) WHERE state_hash IS NOT NULL;

SELECT isolate_by_workspace(t) FROM unnest(ARRAY['workspace_key', 'sign_in']::regclass[]) AS t;

-- Which master keys the stored credentials need: their ids alone, of every workspace at once.
CREATE OR REPLACE FUNCTION credential_keys_in_use() RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT master_key_id FROM workspace_key UNION SELECT key_id FROM credential WHERE key_id IS NOT NULL ORDER BY 1';

-- Sign-ins that somebody has to see to, of every workspace: the longest due first.
CREATE FUNCTION sign_ins_due(at timestamptz, most integer) RETURNS TABLE (workspace_id uuid, connection_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT c.workspace_id, c.connection_id FROM credential c WHERE c.due_at <= at ORDER BY c.due_at LIMIT most';

-- Whose sign-in a browser comes with: who knows what was hashed may ask.
CREATE FUNCTION sign_in_of(hash bytea) RETURNS TABLE (workspace_id uuid, sign_in_id uuid)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT s.workspace_id, s.sign_in_id FROM sign_in s WHERE s.ticket_hash = hash
    UNION SELECT s.workspace_id, s.sign_in_id FROM sign_in s WHERE s.state_hash = hash
  $$;

-- How many other connections, in whichever workspace, are signed in by one of these ways ("tool way"), at this account or,
-- null, at any: what ends one sign-in at a vendor may end all.
CREATE FUNCTION signed_in_besides(ways text[], account text, besides uuid) RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT count(*) FROM connection c JOIN credential k USING (workspace_id, connection_id)
    WHERE k.kind = 'sign_in' AND k.state = 'live' AND c.connector || ' ' || k.way = ANY (ways) AND c.connection_id <> besides
      AND (account IS NULL OR c.external_account = account)
  $$;
DO $$
DECLARE f regprocedure;
BEGIN
  FOREACH f IN ARRAY ARRAY['sign_ins_due(timestamptz, integer)', 'sign_in_of(bytea)',
    'signed_in_besides(text[], text, uuid)']::regprocedure[]
  LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;

-- Webhooks: what vendors tell us by themselves. Which workspaces an account belongs to is asked across all of them.
CREATE INDEX connection_account ON connection (connector, external_account);

-- Every event that was taken, so that its repetition is recognised. Ids and times, nothing of what the event says.
CREATE TABLE webhook_inbox (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  -- The vendor's; the same at every delivery.
  event_id text NOT NULL,
  effect text NOT NULL CHECK (effect IN ('changed', 'erased', 'access')),
  occurred_at timestamptz NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, connection_id, event_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX webhook_inbox_past ON webhook_inbox (workspace_id, received_at);
DO $$
BEGIN
  FOR part IN 0..7 LOOP
    EXECUTE format('CREATE TABLE webhook_inbox_%s PARTITION OF webhook_inbox FOR VALUES WITH (MODULUS 8, REMAINDER %s)', part, part);
  END LOOP;
END $$;

-- What is to be asked of a vendor because of events: a record, or, where stream and id are empty, whether we still have access.
-- However many events name a record, it is here once.
CREATE TABLE webhook_due (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  -- The vendor was told to forget the record for good.
  erased boolean NOT NULL,
  -- Of the newest event.
  occurred_at timestamptz NOT NULL,
  -- Of the oldest event that has had no effect yet.
  since timestamptz NOT NULL DEFAULT now(),
  seq bigint NOT NULL DEFAULT nextval('change_seq'),
  attempts integer NOT NULL DEFAULT 0,
  PRIMARY KEY (workspace_id, connection_id, stream, vendor_id)
);

-- How webhooks arrive, a row for each connection that has had any.
CREATE TABLE webhook_arrival (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  events bigint NOT NULL,
  repeated bigint NOT NULL,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  last_occurred_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, connection_id)
);

-- Records that a vendor was told to forget for good. Here they are deleted like others; what else is known of them is still to be
-- erased.
CREATE TABLE vendor_erasure (
  workspace_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  stream text NOT NULL,
  vendor_id text NOT NULL,
  occurred_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, connection_id, stream, vendor_id)
);
-- The parts too: somebody who names one must not get around the table.
SELECT isolate_by_workspace(oid) FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
  AND relname ~ '^(webhook_inbox|webhook_due|webhook_arrival|vendor_erasure)(_\d)?$';

-- Requests that were not believed, or about accounts that nobody has connected: nobody's, so counted for the installation.
CREATE TABLE webhook_refusal (
  connector text NOT NULL,
  -- Whose own address was called; zeros: the connector's.
  connection_id uuid NOT NULL DEFAULT '00000000-0000-0000-0000-000000000000',
  reason text NOT NULL,
  requests bigint NOT NULL,
  last_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (connector, connection_id, reason)
);
REVOKE ALL ON webhook_refusal FROM tributary_app;

-- Takes events: in one statement, whichever workspaces they are for. Gives back the workspaces that have news, and by connector
-- how many events were about an account that nobody has connected. A test account's events are not for a live connection.
--
-- How many events there are the planner cannot know, and would compare each with each: what is joined here is hashed, but for the
-- few accounts, which are looked up.
CREATE FUNCTION webhook_receive(incoming jsonb) RETURNS TABLE (workspace_id uuid, connector text, events bigint)
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET enable_nestloop = off SET enable_mergejoin = off
  AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY WITH event AS MATERIALIZED (
    SELECT e.*, row_number() OVER () AS place FROM jsonb_to_recordset(incoming)
      AS e (connector text, account text, event_id text, mode text, effect text, at timestamptz, records jsonb)
  ), known AS MATERIALIZED (
    SELECT c.* FROM (SELECT DISTINCT e.connector, e.account FROM event e) AS named CROSS JOIN LATERAL (
      SELECT c.workspace_id, c.connection_id, c.connector, c.external_account, CASE WHEN c.base_url IS NULL THEN c.mode END AS mode
      FROM connection c
      WHERE c.connector = named.connector AND c.external_account = named.account AND c.status <> 'disconnected' OFFSET 0
    ) AS c
  ), reached AS MATERIALIZED (
    SELECT k.workspace_id, k.connection_id, e.event_id, e.effect, e.at, e.records, e.place
    FROM event e JOIN known k ON k.connector = e.connector AND k.external_account = e.account
    WHERE k.mode IS NULL OR e.mode IS NULL OR k.mode = e.mode
  ), fresh AS MATERIALIZED (
    INSERT INTO webhook_inbox (workspace_id, connection_id, event_id, effect, occurred_at)
    SELECT DISTINCT ON (r.workspace_id, r.connection_id, r.event_id)
      r.workspace_id, r.connection_id, r.event_id, r.effect, r.at FROM reached r
    ORDER BY r.workspace_id, r.connection_id, r.event_id
    ON CONFLICT DO NOTHING
    RETURNING workspace_id, connection_id, event_id
  ), named AS MATERIALIZED (
    SELECT r.workspace_id, r.connection_id, record->>0 AS stream, record->>1 AS vendor_id,
      bool_or(r.effect = 'erased') AS erased, max(r.at) AS occurred_at
    FROM fresh JOIN reached r USING (workspace_id, connection_id, event_id)
      CROSS JOIN LATERAL jsonb_array_elements(r.records) AS record
    GROUP BY 1, 2, 3, 4
  ), due AS (
    INSERT INTO webhook_due AS known (workspace_id, connection_id, stream, vendor_id, erased, occurred_at)
    SELECT n.workspace_id, n.connection_id, n.stream, n.vendor_id, n.erased, n.occurred_at FROM named n ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, connection_id, stream, vendor_id) DO UPDATE SET
      erased = known.erased OR excluded.erased, occurred_at = greatest(known.occurred_at, excluded.occurred_at),
      seq = excluded.seq, attempts = 0
    RETURNING workspace_id
  ), erasure AS (
    INSERT INTO vendor_erasure (workspace_id, connection_id, stream, vendor_id, occurred_at)
    SELECT n.workspace_id, n.connection_id, n.stream, n.vendor_id, n.occurred_at FROM named n WHERE n.erased ORDER BY 1, 2, 3, 4
    ON CONFLICT DO NOTHING
  ), arrival AS (
    INSERT INTO webhook_arrival AS known (workspace_id, connection_id, events, repeated, last_occurred_at)
    SELECT r.workspace_id, r.connection_id, coalesce(f.events, 0), r.events - coalesce(f.events, 0), r.last_at
    FROM (SELECT workspace_id, connection_id, count(*) AS events, max(at) AS last_at FROM reached GROUP BY 1, 2) AS r
      LEFT JOIN (SELECT workspace_id, connection_id, count(*) AS events FROM fresh GROUP BY 1, 2) AS f
        USING (workspace_id, connection_id)
    ORDER BY 1, 2
    ON CONFLICT (workspace_id, connection_id) DO UPDATE SET events = known.events + excluded.events,
      repeated = known.repeated + excluded.repeated, last_at = excluded.last_at,
      last_occurred_at = greatest(known.last_occurred_at, excluded.last_occurred_at)
  )
  SELECT d.workspace_id, NULL::text, count(*) FROM due d GROUP BY 1
  UNION ALL
  SELECT NULL::uuid, e.connector, count(*) FROM event e
  WHERE NOT EXISTS (SELECT FROM reached r WHERE r.place = e.place) GROUP BY 2;
END $$;

-- Whose address was called.
CREATE FUNCTION webhook_connection(id uuid) RETURNS TABLE (workspace_id uuid, connector text, account text)
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    SELECT c.workspace_id, c.connector, c.external_account FROM connection c
    WHERE c.connection_id = id AND c.status <> 'disconnected'
  $$;
CREATE INDEX connection_id ON connection (connection_id);

CREATE FUNCTION webhook_refuse(refused jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp
  AS $$
    INSERT INTO webhook_refusal AS known (connector, connection_id, reason, requests)
    SELECT r.connector, r.connection_id, r.reason, r.requests
    FROM jsonb_to_recordset(refused) AS r (connector text, connection_id uuid, reason text, requests bigint) ORDER BY 1, 2, 3
    ON CONFLICT (connector, connection_id, reason) DO UPDATE SET requests = known.requests + excluded.requests,
      last_at = excluded.last_at
  $$;
CREATE FUNCTION webhook_refusals() RETURNS SETOF webhook_refusal
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT * FROM webhook_refusal ORDER BY connector, connection_id, reason';
DO $$
DECLARE f text;
BEGIN
  FOREACH f IN ARRAY ARRAY['webhook_receive(jsonb)', 'webhook_connection(uuid)', 'webhook_refuse(jsonb)', 'webhook_refusals()'] LOOP
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', f);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO tributary_app', f);
  END LOOP;
END $$;

-- Who may be in an advertising audience. Vendors do not say, so what was sent and not taken back is kept here.
CREATE TABLE audience_member (
  workspace_id uuid NOT NULL,
  member_id uuid NOT NULL,
  connection_id uuid NOT NULL,
  audience text NOT NULL,
  profile_id uuid NOT NULL,
  -- The record whose addresses are meant: consent is asked of it.
  record_id uuid NOT NULL,
  -- What the vendor was told of them, hashed, as long as they may be in it; null: they are not.
  sent text,
  -- The vendor has said that it has them.
  confirmed boolean NOT NULL DEFAULT false,
  PRIMARY KEY (workspace_id, member_id),
  FOREIGN KEY (workspace_id, connection_id) REFERENCES connection
);
CREATE INDEX audience_member_in ON audience_member (workspace_id, connection_id, audience) WHERE sent IS NOT NULL;
SELECT isolate_by_workspace('audience_member');

-- Clicks on ads that people's records name by their very id. A click that one record holds is that person's.
CREATE TABLE click_holder (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  click_id text NOT NULL,
  PRIMARY KEY (workspace_id, record_id, click_id)
);
CREATE INDEX click_holder_click ON click_holder (workspace_id, click_id);
CREATE INDEX touchpoint_click ON touchpoint (workspace_id, vendor_id) WHERE type = 'ad_clicked';
SELECT isolate_by_workspace('click_holder');

-- Any field of ours in any property of a tool. Null: the property has our own name for the field.
ALTER TABLE destination_field ADD COLUMN source text;
ALTER TABLE destination_field ADD COLUMN label text;
-- The property is the tool's: it is filled as it is, never made or changed.
ALTER TABLE destination_field ADD COLUMN existing boolean NOT NULL DEFAULT false;
-- What we left in it is to be emptied.
ALTER TABLE destination_field ADD COLUMN clearing boolean NOT NULL DEFAULT false;
-- The field goes elsewhere now; the row stays for what is to be emptied.
ALTER TABLE destination_field ADD COLUMN retired boolean NOT NULL DEFAULT false;
-- Goes up with each change of the fields. A plan made before it is not sent any further.
ALTER TABLE connection ADD COLUMN fields_revision integer NOT NULL DEFAULT 0;
ALTER TABLE plan ADD COLUMN fields_revision integer NOT NULL DEFAULT 0;
-- What each property of the plan shows, for undoing it when the fields are others. Null: all under our own names.
ALTER TABLE plan ADD COLUMN fields jsonb;

-- What the person who began a sign-in wants of the tool, for the connection that comes of it. No secrets.
ALTER TABLE sign_in ADD COLUMN settings jsonb;
