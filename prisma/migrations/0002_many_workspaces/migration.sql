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
