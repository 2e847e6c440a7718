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
