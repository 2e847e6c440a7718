-- Streams and plans that take longer than a refresh waits for them.

-- Since when refreshes go on without this stream: its reading had not come to an end in time. Null: it is in time.
ALTER TABLE stream_state ADD COLUMN late_since timestamptz;
