-- Invented rows as release 0.1.0 kept them: two workspaces, and rows in each of its tables. By SQL alone: what that release
-- wrote must not change with the code. Ids are made of what they name, so that rows fit together.
CREATE FUNCTION pg_temp.id(what text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5(what)::uuid $$;
CREATE TEMPORARY TABLE shop AS
  SELECT slug, pg_temp.id(slug) AS workspace_id, pg_temp.id(slug || ' hubspot') AS connection_id, t AS at
  FROM unnest(ARRAY['fern', 'moss']) AS slug, CAST('2026-06-01T10:00:00Z' AS timestamptz) AS t;
-- Two records of one person by turns: 60 records of each shop, 40 people.
CREATE TEMPORARY TABLE someone AS
  SELECT shop.*, n, 'c' || n AS vendor_id, pg_temp.id(slug || ' record ' || n) AS record_id,
    pg_temp.id(slug || ' profile ' || CASE WHEN n > 40 THEN n - 40 ELSE n END) AS profile_id
  FROM shop, generate_series(1, 60) AS n;

INSERT INTO workspace (workspace_id, slug, name, default_country, currency, time_zone, refresh_minutes, week_start)
  SELECT workspace_id, slug, initcap(slug), 'GB', 'GBP', 'Europe/London', 30, 7 FROM shop;
INSERT INTO connection (workspace_id, connection_id, connector, name, base_url, settings, external_account, mode, status, status_reason,
    write_back, auto_apply_share, requests_per_second, planned_seq)
  SELECT workspace_id, connection_id, 'hubspot', 'main', 'https://crm.example', '{"portalId": "77"}'::jsonb, slug || '-77', 'live', 'ready', NULL, true,
    0.2, 12, 5 FROM shop
  UNION ALL
  SELECT workspace_id, pg_temp.id(slug || ' stripe'), 'stripe', 'main', NULL, '{}', NULL, 'test', 'needs_permission', 'grant customers: read', false,
    NULL, NULL, 0 FROM shop;
INSERT INTO credential (workspace_id, connection_id, key_id, nonce, ciphertext)
  SELECT workspace_id, connection_id, 'abcdef012345', '\x000102030405060708090a0b', '\xdeadbeef' FROM shop;
INSERT INTO stream_state (workspace_id, connection_id, stream, cursor, complete, full_read_at, last_success_at, records_read, vendor_count,
    stored_count)
  SELECT workspace_id, connection_id, 'contacts', '{"after": "60"}', true, at, at, 60, 60, 60 FROM shop;
INSERT INTO stream_state (workspace_id, connection_id, stream, full_read_started_at, held_at, held_vanishing, held_known, error_kind, error_message)
  SELECT workspace_id, connection_id, 'deals', at, at, 30, 60, 'contract', 'The reply has no list.' FROM shop;
INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, hash, source_created_at, source_updated_at, deleted,
    first_seen_at, changed_at, listed_at, first_name, last_name, postcode, email, phone)
  SELECT workspace_id, record_id, connection_id, 'contacts', vendor_id, 'person', decode(md5(slug || n || ' v2'), 'hex'), at, at, n % 20 = 0, at, at,
    at, 'Ada', 'Marsh ' || n, 'N1 9GU', 'ada' || n || '@brightleaf.example', '+441632960' || lpad(n::text, 3, '0') FROM someone;
INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, hash, person_record_ids, deal_status)
  SELECT workspace_id, pg_temp.id(slug || ' deal ' || n), connection_id, 'deals', 'd' || n, 'deal', decode(md5(slug || n || ' v1'), 'hex'),
    ARRAY[record_id], CASE WHEN n % 2 = 0 THEN 'open' ELSE 'won' END FROM someone WHERE n <= 10;
INSERT INTO source_content (workspace_id, record_id, hash, data, recorded_at)
  SELECT workspace_id, record_id, decode(md5(slug || n || version), 'hex'),
    json_build_object('kind', 'person', 'id', vendor_id, 'createdAt', '2026-01-01T00:00:00Z', 'updatedAt', '2026-05-01T00:00:00Z', 'deleted', false,
      'emails', ARRAY['ada' || n || '@brightleaf.example'], 'phones', ARRAY[]::text[], 'firstName', 'Ada', 'lastName', 'Marsh ' || n, 'company', NULL,
      'country', 'GB', 'postcode', 'N1 9GU', 'city', NULL, 'externalIds', ARRAY[]::text[], 'mergedInto', NULL), at
  FROM someone, unnest(ARRAY[' v1', ' v2']) AS version;
INSERT INTO source_content (workspace_id, record_id, hash, data)
  SELECT workspace_id, pg_temp.id(slug || ' deal ' || n), decode(md5(slug || n || ' v1'), 'hex'), '{"kind": "deal"}' FROM someone WHERE n <= 10;
INSERT INTO unresolved (workspace_id, record_id, identified) SELECT workspace_id, record_id, n % 2 = 0 FROM someone WHERE n > 55;
INSERT INTO full_read_seen (workspace_id, connection_id, stream, record_id)
  SELECT workspace_id, connection_id, 'deals', record_id FROM someone WHERE n <= 10;
INSERT INTO identifier (workspace_id, value_id, record_id, kind, value, quality, reason, current)
  SELECT workspace_id, pg_temp.id('email ' || n), record_id, 'email', 'ada' || n || '@brightleaf.example', 'strong', NULL, true FROM someone
  UNION ALL
  SELECT workspace_id, pg_temp.id('the shop''s own phone'), record_id, 'phone', '+441632960000', 'blocked', 'a placeholder', n % 2 = 0 FROM someone;
INSERT INTO shared_value (workspace_id, value_id, kind, value, holders, since)
  SELECT workspace_id, pg_temp.id('the shop''s own phone'), 'phone', '+441632960000', 60, at FROM shop;
INSERT INTO link (workspace_id, a_record_id, b_record_id, verdict, actor, reason, created_at)
  SELECT workspace_id, least(record_id, pg_temp.id(slug || ' record 2')), greatest(record_id, pg_temp.id(slug || ' record 2')), 'different', 'ada',
    'two sisters', at FROM someone WHERE n = 1;
INSERT INTO profile (workspace_id, profile_id, anchor_record_id, created_at, consented_seq, scored_seq, consent_due_at, score_due_at)
  SELECT workspace_id, profile_id, record_id, at, currval('change_seq'), n, at + interval '1 year', at + interval '1 month' FROM someone WHERE n <= 40;
INSERT INTO membership (workspace_id, record_id, profile_id, since) SELECT workspace_id, record_id, profile_id, at FROM someone;
INSERT INTO profile_alias (workspace_id, alias_id, profile_id, since)
  SELECT workspace_id, pg_temp.id(slug || ' alias ' || n), profile_id, at FROM someone WHERE n > 40;
INSERT INTO merge_refusal (workspace_id, refusal_id, rule, kind, value, record_ids, explanation, created_at)
  SELECT workspace_id, pg_temp.id(slug || ' refusal'), 'names', 'email', 'info@brightleaf.example', ARRAY[record_id], 'Their names differ.', at
  FROM someone WHERE n = 3;
INSERT INTO customer_order (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, placed_at, amount_minor, refunded_minor,
    currency, status, channel, hash, source_updated_at, deleted, listed_at)
  SELECT workspace_id, pg_temp.id(slug || ' order ' || n || part), connection_id, 'orders', 'o' || n || part, record_id, at - n * interval '1 day',
    1000 * n, 100, 'GBP', 'paid', 'online', decode(md5(slug || n), 'hex'), at, false, at FROM someone, generate_series(1, 3) AS part;
INSERT INTO subscription (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, status, started_at, current_period_end,
    amount_minor, currency, "interval", hash, listed_at)
  SELECT workspace_id, pg_temp.id(slug || ' subscription ' || n), connection_id, 'subscriptions', 's' || n, record_id, 'active', at,
    at + interval '1 month', 900, 'GBP', 'month', decode(md5(slug || n), 'hex'), at FROM someone WHERE n <= 5;
INSERT INTO touchpoint (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, type, at, channel, campaign, amount_minor,
    currency, hash, listed_at)
  SELECT workspace_id, pg_temp.id(slug || ' touchpoint ' || n || part), connection_id, 'events', 't' || n || part, record_id, 'visit', at, 'email',
    'spring', NULL, NULL, decode(md5(slug || n), 'hex'), at FROM someone, generate_series(1, 3) AS part;
INSERT INTO consent_entry (workspace_id, entry_id, record_id, connection_id, address, address_id, channel, purpose, state, basis, explicit,
    effective_at, expires_at, recorded_at, proof)
  SELECT workspace_id, pg_temp.id(slug || ' consent ' || n), record_id, connection_id, 'ada' || n || '@brightleaf.example', pg_temp.id('email ' || n),
    'email', 'marketing', CASE WHEN n % 3 = 0 THEN 'withdrawn' ELSE 'granted' END, 'opt_in', true, at, NULL, at, 'Newsletter form' FROM someone;
INSERT INTO consent_state (workspace_id, profile_id, channel, purpose, state, entry_ids, addresses, reason, effective_at)
  SELECT workspace_id, profile_id, 'email', 'marketing', CASE WHEN n % 3 = 0 THEN 'withdrawn' ELSE 'granted' END,
    ARRAY[pg_temp.id(slug || ' consent ' || n)], ARRAY['ada' || n || '@brightleaf.example'], 'said so in the form', at FROM someone WHERE n <= 40;
INSERT INTO profile_traits (workspace_id, profile_id, traits, hash)
  SELECT workspace_id, profile_id, json_build_object('lifecycle_stage', json_build_object('status', 'ok', 'value', 'loyal', 'reasons',
      ARRAY['3 orders'], 'method', 'rules', 'modelVersion', '1', 'computedAt', '2026-06-01T00:00:00Z')), md5(slug || n) FROM someone WHERE n <= 40;
INSERT INTO baseline (workspace_id, name, value, inputs, computed_at) SELECT workspace_id, 'rhythm', '{"days": 30}', 180, at FROM shop;
INSERT INTO destination_field (workspace_id, connection_id, field, trait, ownership, enabled)
  SELECT workspace_id, connection_id, 'tributary_stage', 'lifecycle_stage', 'until-edited', true FROM shop;
INSERT INTO plan (workspace_id, plan_id, connection_id, kind, undo_of, status, through_seq, digest, changes, compared, destination_records,
    created_at, approved_at, approved_by, finished_at)
  SELECT workspace_id, pg_temp.id(slug || ' plan ' || status), connection_id, 'write', NULL, status, 40, decode(md5(slug || status), 'hex'), 6, 40,
    60, at, at, 'ada', at FROM shop, unnest(ARRAY['applied_with_failures', 'superseded', 'waiting']) AS status;
INSERT INTO plan_change (workspace_id, plan_id, vendor_id, record_id, profile_id, before, after, uses, status, attempts, reason)
  SELECT workspace_id, pg_temp.id(slug || ' plan applied_with_failures'), vendor_id, record_id, profile_id, '{"tributary_stage": null}',
    '{"tributary_stage": "loyal"}', '[]', (ARRAY['pending', 'sent', 'applied', 'failed', 'skipped', 'gone'])[n], n % 2,
    CASE WHEN n > 3 THEN 'reason ' || n END FROM someone WHERE n <= 6;
INSERT INTO plan_change (workspace_id, plan_id, vendor_id, record_id, profile_id, before, after, status)
  SELECT workspace_id, pg_temp.id(slug || ' plan waiting'), vendor_id, record_id, profile_id, '{"tributary_stage": "loyal"}',
    '{"tributary_stage": "lapsed"}', 'pending' FROM someone WHERE n <= 6;
INSERT INTO delivery (workspace_id, plan_id, vendor_id, connection_id, before, after, read_back, grant_entry_ids, delivered_at)
  SELECT workspace_id, pg_temp.id(slug || ' plan applied_with_failures'), vendor_id, connection_id, '{"tributary_stage": null}',
    '{"tributary_stage": "loyal"}', '{"tributary_stage": "loyal"}', ARRAY[pg_temp.id(slug || ' consent ' || n)], at FROM someone WHERE n = 3;
INSERT INTO rejected_record (workspace_id, connection_id, stream, ref, vendor_id, reason, kept, raw, rejected_at)
  SELECT workspace_id, connection_id, 'contacts', 'row ' || n, vendor_id, 'the e-mail address cannot be read', n % 2 = 0, '{"email": "at"}', at
  FROM someone WHERE n <= 6;
INSERT INTO run (workspace_id, run_id, started_at, finished_at, outcome, message)
  SELECT workspace_id, pg_temp.id(slug || ' run ' || n), at - n * interval '1 hour', at, 'ok', NULL FROM someone WHERE n <= 6;
INSERT INTO run_step (workspace_id, run_id, step, started_at, finished_at, counts)
  SELECT workspace_id, pg_temp.id(slug || ' run ' || n), step, at, at, '{"changed": 3}' FROM someone, unnest(ARRAY['pull', 'unify']) AS step WHERE n <= 6;
INSERT INTO audit_log (workspace_id, at, actor, action, subject, details)
  SELECT workspace_id, at, 'ada', 'plan.approved', 'plan ' || n, '{}' FROM someone WHERE n <= 6;
INSERT INTO quota (bucket_key, tokens, refilled_at) SELECT md5(slug), 10, at FROM shop;
INSERT INTO set_aside (workspace_id, step, subject_id, reason, since)
  SELECT workspace_id, step, record_id, 'a value of another kind', at FROM someone, unnest(ARRAY['identity', 'scores']) AS step WHERE n = 7;
