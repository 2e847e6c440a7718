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
  -- revoking: the connection is gone, and the vendor is yet to be told.
  ADD COLUMN state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'revoking')),
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
