-- The vendor's job that a write was left with: whoever comes after a crash looks at it instead of ordering the same once more.
ALTER TABLE delivery ADD COLUMN job text;
