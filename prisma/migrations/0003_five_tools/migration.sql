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
