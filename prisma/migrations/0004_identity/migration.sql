-- What a person's record carries, and who somebody is by more than identifiers.

-- Facts about persons that are kept only where somebody said that they are needed: by names of `sensitive.ts`. For all
-- connections of the workspace, and for one (a list in which a person named the column).
ALTER TABLE workspace ADD COLUMN sensitive_facts text[] NOT NULL DEFAULT '{}';
ALTER TABLE connection ADD COLUMN sensitive_facts text[] NOT NULL DEFAULT '{}';

-- The key that numbers of persons are hashed with, so that equal ones are found and none can be read. It never changes:
-- what was hashed with it could not be compared any more. Encrypted under a master key of the configuration.
CREATE TABLE hashing_key (
  workspace_id uuid PRIMARY KEY REFERENCES workspace,
  master_key_id text NOT NULL,
  nonce bytea NOT NULL,
  wrapped bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_by_workspace('hashing_key');

CREATE OR REPLACE FUNCTION credential_keys_in_use() RETURNS SETOF text
  LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS 'SELECT master_key_id FROM workspace_key UNION SELECT master_key_id FROM hashing_key
      UNION SELECT key_id FROM credential WHERE key_id IS NOT NULL ORDER BY 1';

-- Who is likely one person without sharing an identifier (docs/decisions/033-linkage.md).

-- What a person record is compared by, normalised. Only records that say enough to be compared have a row.
CREATE TABLE linkage_record (
  workspace_id uuid NOT NULL,
  record_id uuid NOT NULL,
  -- As text: it is stored and read whole.
  facts json NOT NULL,
  PRIMARY KEY (record_id, workspace_id)
) PARTITION BY HASH (workspace_id);

-- Records with one key in common are looked at together. A key is a hash of a rule and normalised values.
CREATE TABLE blocking_key (
  workspace_id uuid NOT NULL,
  key_id uuid NOT NULL,
  record_id uuid NOT NULL,
  PRIMARY KEY (key_id, record_id, workspace_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX blocking_key_record ON blocking_key (record_id, workspace_id);

-- Pairs that are likely one person, the smaller id first. What was compared and found unlikely has no row.
CREATE TABLE scored_edge (
  workspace_id uuid NOT NULL,
  a_record_id uuid NOT NULL,
  b_record_id uuid NOT NULL,
  -- log2 of the odds.
  weight double precision NOT NULL,
  -- By itself, or together with others between the same people; what never does is for people to decide.
  joins text NOT NULL CHECK (joins IN ('alone', 'together', 'never')),
  -- Which groups of clues speak for it, as bits.
  clues integer NOT NULL,
  model_version integer NOT NULL,
  PRIMARY KEY (a_record_id, b_record_id, workspace_id)
) PARTITION BY HASH (workspace_id);
CREATE INDEX scored_edge_b ON scored_edge (b_record_id, workspace_id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['linkage_record', 'blocking_key', 'scored_edge'] LOOP
    FOR part IN 0..7 LOOP
      EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS 8, REMAINDER %s)', t || '_' || part, t, part);
      PERFORM isolate_by_workspace(format('%I', t || '_' || part)::regclass);
    END LOOP;
    PERFORM isolate_by_workspace(t::regclass);
  END LOOP;
END $$;
ALTER TABLE linkage_record ALTER COLUMN facts SET STATISTICS 0;

-- How much each agreement says in a workspace. One is in use; one that was learned later and would change many people waits
-- for somebody to approve it.
CREATE TABLE linkage_model (
  workspace_id uuid NOT NULL,
  version integer NOT NULL,
  model json NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'proposed', 'retired')),
  -- Pairs of people that it would join, and people that it would take a link from; null for the first one.
  joins integer,
  parts integer,
  -- Records there were when it was learned.
  records integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (workspace_id, version)
);
CREATE UNIQUE INDEX linkage_model_active ON linkage_model (workspace_id) WHERE state = 'active';
CREATE UNIQUE INDEX linkage_model_proposed ON linkage_model (workspace_id) WHERE state = 'proposed';
SELECT isolate_by_workspace('linkage_model');

-- Whether a changed record has been compared with others; true for one that says too little to be.
ALTER TABLE unresolved ADD COLUMN compared boolean NOT NULL DEFAULT true;
CREATE INDEX unresolved_uncompared ON unresolved (workspace_id, record_id) WHERE NOT compared;

-- What people are asked about: the likeliest first.
CREATE INDEX scored_edge_review ON scored_edge (workspace_id, weight DESC) WHERE joins <> 'alone';
