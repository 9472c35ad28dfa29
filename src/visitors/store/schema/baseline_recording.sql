-- The triggers that record every change, as `visitors.store.schema.recorded` explains them. Frozen, too.
CREATE TRIGGER contacts_insert AFTER INSERT ON contacts
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'contact'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'contact', NEW.id
    );
END;
CREATE TRIGGER contacts_update AFTER UPDATE ON contacts BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'contact', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'external_id', OLD.external_id, NEW.external_id
        UNION ALL SELECT 'name', OLD.name, NEW.name
        UNION ALL SELECT 'email', OLD.email, NEW.email
        UNION ALL SELECT 'image', OLD.image, NEW.image
        UNION ALL SELECT 'metadata', OLD.metadata, NEW.metadata
        UNION ALL SELECT 'metadata_hash', OLD.metadata_hash, NEW.metadata_hash
        UNION ALL SELECT 'created_at', OLD.created_at, NEW.created_at
        UNION ALL SELECT 'updated_at', OLD.updated_at, NEW.updated_at
        UNION ALL SELECT 'deleted_at', OLD.deleted_at, NEW.deleted_at
        UNION ALL SELECT 'merged_into', OLD.merged_into, NEW.merged_into
    ) WHERE old IS NOT new GROUP BY NULL;
END;
CREATE TRIGGER contacts_delete AFTER DELETE ON contacts BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'contact', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'external_id', OLD.external_id, 'name', OLD.name, 'email', OLD.email,
            'image', OLD.image, 'metadata', OLD.metadata, 'metadata_hash', OLD.metadata_hash, 'created_at',
            OLD.created_at, 'updated_at', OLD.updated_at, 'deleted_at', OLD.deleted_at, 'merged_into',
            OLD.merged_into
        )
    );
END;
CREATE TRIGGER visitors_insert AFTER INSERT ON visitors
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'visitor'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'visitor', NEW.id
    );
END;
CREATE TRIGGER visitors_update AFTER UPDATE ON visitors BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'visitor', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'contact_id', OLD.contact_id, NEW.contact_id
        UNION ALL SELECT 'language', OLD.language, NEW.language
        UNION ALL SELECT 'timezone', OLD.timezone, NEW.timezone
        UNION ALL SELECT 'fingerprint', OLD.fingerprint, NEW.fingerprint
        UNION ALL SELECT 'browser', OLD.browser, NEW.browser
        UNION ALL SELECT 'browser_version', OLD.browser_version, NEW.browser_version
        UNION ALL SELECT 'os', OLD.os, NEW.os
        UNION ALL SELECT 'os_version', OLD.os_version, NEW.os_version
        UNION ALL SELECT 'device', OLD.device, NEW.device
        UNION ALL SELECT 'device_type', OLD.device_type, NEW.device_type
        UNION ALL SELECT 'ip', OLD.ip, NEW.ip
        UNION ALL SELECT 'city', OLD.city, NEW.city
        UNION ALL SELECT 'region', OLD.region, NEW.region
        UNION ALL SELECT 'country', OLD.country, NEW.country
        UNION ALL SELECT 'country_code', OLD.country_code, NEW.country_code
        UNION ALL SELECT 'latitude', OLD.latitude, NEW.latitude
        UNION ALL SELECT 'longitude', OLD.longitude, NEW.longitude
        UNION ALL SELECT 'screen_resolution', OLD.screen_resolution, NEW.screen_resolution
        UNION ALL SELECT 'viewport', OLD.viewport, NEW.viewport
        UNION ALL SELECT 'attribution', OLD.attribution, NEW.attribution
        UNION ALL SELECT 'current_page', OLD.current_page, NEW.current_page
        UNION ALL SELECT 'created_at', OLD.created_at, NEW.created_at
        UNION ALL SELECT 'updated_at', OLD.updated_at, NEW.updated_at
        UNION ALL SELECT 'last_seen_at', OLD.last_seen_at, NEW.last_seen_at
        UNION ALL SELECT 'deleted_at', OLD.deleted_at, NEW.deleted_at
    ) WHERE old IS NOT new GROUP BY NULL;
END;
CREATE TRIGGER visitors_delete AFTER DELETE ON visitors BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'visitor', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'contact_id', OLD.contact_id, 'language', OLD.language, 'timezone',
            OLD.timezone, 'fingerprint', OLD.fingerprint, 'browser', OLD.browser, 'browser_version',
            OLD.browser_version, 'os', OLD.os, 'os_version', OLD.os_version, 'device', OLD.device, 'device_type',
            OLD.device_type, 'ip', OLD.ip, 'city', OLD.city, 'region', OLD.region, 'country', OLD.country,
            'country_code', OLD.country_code, 'latitude', iif(typeof(OLD.latitude) = 'real', json(printf('%!.17g',
            OLD.latitude)), OLD.latitude), 'longitude', iif(typeof(OLD.longitude) = 'real', json(printf('%!.17g',
            OLD.longitude)), OLD.longitude), 'screen_resolution', OLD.screen_resolution, 'viewport', OLD.viewport,
            'attribution', OLD.attribution, 'current_page', OLD.current_page, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at, 'last_seen_at', OLD.last_seen_at, 'deleted_at', OLD.deleted_at
        )
    );
END;
CREATE TRIGGER blocks_insert AFTER INSERT ON blocks
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'block'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'block', NEW.id
    );
END;
CREATE TRIGGER blocks_update AFTER UPDATE ON blocks BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'block', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'visitor_id', OLD.visitor_id, NEW.visitor_id
        UNION ALL SELECT 'contact_id', OLD.contact_id, NEW.contact_id
        UNION ALL SELECT 'reason', OLD.reason, NEW.reason
        UNION ALL SELECT 'blocked_at', OLD.blocked_at, NEW.blocked_at
        UNION ALL SELECT 'blocked_by', OLD.blocked_by, NEW.blocked_by
        UNION ALL SELECT 'expires_at', OLD.expires_at, NEW.expires_at
        UNION ALL SELECT 'lifted_at', OLD.lifted_at, NEW.lifted_at
        UNION ALL SELECT 'lifted_by', OLD.lifted_by, NEW.lifted_by
    ) WHERE old IS NOT new GROUP BY NULL;
END;
CREATE TRIGGER blocks_delete AFTER DELETE ON blocks BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'block', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'visitor_id', OLD.visitor_id, 'contact_id', OLD.contact_id, 'reason',
            OLD.reason, 'blocked_at', OLD.blocked_at, 'blocked_by', OLD.blocked_by, 'expires_at', OLD.expires_at,
            'lifted_at', OLD.lifted_at, 'lifted_by', OLD.lifted_by
        )
    );
END;
CREATE TRIGGER conversations_insert AFTER INSERT ON conversations
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'conversation'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'conversation', NEW.id
    );
END;
CREATE TRIGGER conversations_update AFTER UPDATE ON conversations BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'conversation', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'title', OLD.title, NEW.title
        UNION ALL SELECT 'status', OLD.status, NEW.status
        UNION ALL SELECT 'priority', OLD.priority, NEW.priority
        UNION ALL SELECT 'visitor_id', OLD.visitor_id, NEW.visitor_id
        UNION ALL SELECT 'contact_id', OLD.contact_id, NEW.contact_id
        UNION ALL SELECT 'created_at', OLD.created_at, NEW.created_at
        UNION ALL SELECT 'updated_at', OLD.updated_at, NEW.updated_at
        UNION ALL SELECT 'resolved_at', OLD.resolved_at, NEW.resolved_at
    ) WHERE old IS NOT new GROUP BY NULL;
END;
CREATE TRIGGER conversations_delete AFTER DELETE ON conversations BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'conversation', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'title', OLD.title, 'status', OLD.status, 'priority', OLD.priority,
            'visitor_id', OLD.visitor_id, 'contact_id', OLD.contact_id, 'created_at', OLD.created_at, 'updated_at',
            OLD.updated_at, 'resolved_at', OLD.resolved_at
        )
    );
END;
CREATE TRIGGER messages_insert AFTER INSERT ON messages
WHEN NEW.pk <= coalesce((SELECT max(last) FROM creations WHERE kind = 'message'), 0)
    OR NOT EXISTS (SELECT 1 FROM operations WHERE is_open = 1) BEGIN
    INSERT INTO changes (operation, kind, record) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'message', NEW.id
    );
END;
CREATE TRIGGER messages_update AFTER UPDATE ON messages BEGIN
    INSERT INTO changes (operation, kind, record, before, after)
    SELECT coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'message', NEW.id,
        json_group_object(name, iif(typeof(old) = 'real', json(printf('%!.17g', old)), old)),
        json_group_object(name, iif(typeof(new) = 'real', json(printf('%!.17g', new)), new))
    FROM (
        SELECT 'id' AS name, OLD.id AS old, NEW.id AS new
        UNION ALL SELECT 'conversation_id', OLD.conversation_id, NEW.conversation_id
        UNION ALL SELECT 'visitor_id', OLD.visitor_id, NEW.visitor_id
        UNION ALL SELECT 'agent', OLD.agent, NEW.agent
        UNION ALL SELECT 'body', OLD.body, NEW.body
        UNION ALL SELECT 'created_at', OLD.created_at, NEW.created_at
    ) WHERE old IS NOT new GROUP BY NULL;
END;
CREATE TRIGGER messages_delete AFTER DELETE ON messages BEGIN
    INSERT INTO changes (operation, kind, record, before) VALUES (
        coalesce((SELECT pk FROM operations WHERE is_open = 1),
        RAISE(ABORT, 'changes are recorded: write through the visitors command')), 'message', OLD.id, json_object(
            'pk', OLD.pk, 'id', OLD.id, 'conversation_id', OLD.conversation_id, 'visitor_id', OLD.visitor_id,
            'agent', OLD.agent, 'body', OLD.body, 'created_at', OLD.created_at
        )
    );
END;
