-- What the ledger treats differently from a plain statement: see `consentCause` in connectors/core/records.ts.
ALTER TABLE consent_entry ADD COLUMN cause text;
-- Of a yes that is known by its day only: the end of that day.
ALTER TABLE consent_entry ADD COLUMN counts_from timestamptz;
-- Under whose law the source says that it was given.
ALTER TABLE consent_entry ADD COLUMN jurisdiction text;

-- What the admin has decided about the law: `optOutRules`, `strictProof`, `inactivityMonths`. Left out: the careful choice.
ALTER TABLE workspace ADD COLUMN consent_policy jsonb NOT NULL DEFAULT '{}';
CREATE TRIGGER consent_news_policy AFTER UPDATE OF consent_policy ON workspace
  FOR EACH STATEMENT EXECUTE FUNCTION note_consent_news();

-- A yes that its source dated in the future permits nothing any more. Whose plans rest on one are looked at again.
UPDATE profile SET touched_seq = nextval('change_seq')
FROM membership JOIN consent_entry USING (workspace_id, record_id)
WHERE membership.workspace_id = profile.workspace_id AND membership.profile_id = profile.profile_id
  AND consent_entry.state = 'granted' AND consent_entry.effective_at > consent_entry.recorded_at + interval '5 minutes';

-- Questions that wait for the person's own confirmation (double opt-in). The token goes to the address alone; here is its hash.
CREATE TABLE consent_confirmation (
  workspace_id uuid NOT NULL,
  token_hash bytea NOT NULL,
  address text NOT NULL,
  channel text NOT NULL,
  purpose text NOT NULL,
  wording text NOT NULL,
  asked_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  PRIMARY KEY (workspace_id, token_hash)
);
SELECT isolate_by_workspace('consent_confirmation');
CREATE INDEX consent_confirmation_expires ON consent_confirmation (workspace_id, expires_at);

-- What has ended by itself, for the entries that say so.
CREATE INDEX consent_state_expired ON consent_state (workspace_id, profile_id) WHERE state = 'expired';

-- Of people who did not agree to be seen opening messages: when their address last took one, by the day.
CREATE TABLE last_open (
  workspace_id uuid NOT NULL,
  person_record_id uuid NOT NULL,
  day date NOT NULL,
  PRIMARY KEY (workspace_id, person_record_id)
);
SELECT isolate_by_workspace('last_open');
CREATE INDEX touchpoint_opened ON touchpoint (workspace_id, person_record_id) WHERE type = 'email_opened';
