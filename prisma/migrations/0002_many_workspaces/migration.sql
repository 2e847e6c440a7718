-- Streams and plans that take longer than a refresh waits for them.

-- Since when refreshes go on without this stream: its reading had not come to an end in time. Null: it is in time.
ALTER TABLE stream_state ADD COLUMN late_since timestamptz;

-- Changes are carried out in the order in which the vendor made their records: records asked for together are then
-- neighbours in a vendor's list, and reading them costs what they are many, not what the list is long. Not known: last.
ALTER TABLE plan_change ADD COLUMN source_created_at timestamptz NOT NULL DEFAULT 'infinity';
DROP INDEX plan_change_pending;
CREATE INDEX plan_change_pending ON plan_change (workspace_id, plan_id, source_created_at, vendor_id)
  WHERE status IN ('pending', 'sent');
