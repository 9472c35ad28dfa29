-- What other programs read, as `visitors.store.views` writes and explains it. Frozen, too.
CREATE VIEW v_visitors ("id", "language", "timezone", "isBlocked", "contact.id", "contact.externalId", "contact.name", "contact.email", "contact.image", "contact.metadata", "contact.metadataHash", "contact.isBlocked", "contact.createdAt", "contact.updatedAt", "contact.deletedAt", "fingerprint", "browser", "browserVersion", "os", "osVersion", "device", "deviceType", "ip", "city", "region", "country", "countryCode", "latitude", "longitude", "screenResolution", "viewport", "attribution", "currentPage", "blockedAt", "blockedBy", "blockReason", "blockExpiresAt", "createdAt", "updatedAt", "lastSeenAt", "deletedAt") AS
SELECT
    v.id,
    v.language,
    v.timezone,
    (EXISTS (SELECT 1 FROM blocks WHERE visitor_id = v.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))) OR EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))),
    v.contact_id,
    (SELECT external_id FROM contacts WHERE id = v.contact_id),
    (SELECT name FROM contacts WHERE id = v.contact_id),
    (SELECT email FROM contacts WHERE id = v.contact_id),
    (SELECT image FROM contacts WHERE id = v.contact_id),
    (SELECT metadata FROM contacts WHERE id = v.contact_id),
    (SELECT metadata_hash FROM contacts WHERE id = v.contact_id),
    iif(v.contact_id IS NULL, NULL, EXISTS (SELECT 1 FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')))),
    (SELECT created_at FROM contacts WHERE id = v.contact_id),
    (SELECT updated_at FROM contacts WHERE id = v.contact_id),
    (SELECT deleted_at FROM contacts WHERE id = v.contact_id),
    v.fingerprint,
    v.browser,
    v.browser_version,
    v.os,
    v.os_version,
    v.device,
    v.device_type,
    v.ip,
    v.city,
    v.region,
    v.country,
    v.country_code,
    v.latitude,
    v.longitude,
    v.screen_resolution,
    v.viewport,
    v.attribution,
    v.current_page,
    (SELECT blocked_at FROM blocks WHERE pk = coalesce((SELECT pk FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1), (SELECT pk FROM blocks WHERE visitor_id = v.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1))),
    (SELECT blocked_by FROM blocks WHERE pk = coalesce((SELECT pk FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1), (SELECT pk FROM blocks WHERE visitor_id = v.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1))),
    (SELECT reason FROM blocks WHERE pk = coalesce((SELECT pk FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1), (SELECT pk FROM blocks WHERE visitor_id = v.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1))),
    (SELECT expires_at FROM blocks WHERE pk = coalesce((SELECT pk FROM blocks WHERE contact_id = v.contact_id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1), (SELECT pk FROM blocks WHERE visitor_id = v.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) ORDER BY pk DESC LIMIT 1))),
    v.created_at,
    v.updated_at,
    v.last_seen_at,
    v.deleted_at
FROM visitors AS v;
CREATE VIEW v_contacts ("id", "externalId", "name", "email", "image", "metadata", "metadataHash", "isBlocked", "createdAt", "updatedAt", "deletedAt", "visitorCount", "lastSeenAt") AS
SELECT c.id, c.external_id, c.name, c.email, c.image, c.metadata, c.metadata_hash, EXISTS (SELECT 1 FROM blocks WHERE contact_id = c.id AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))), c.created_at, c.updated_at, c.deleted_at,
        (SELECT count(*) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL),
        (SELECT max(v.last_seen_at) FROM visitors AS v WHERE v.contact_id = c.id AND v.deleted_at IS NULL)
 FROM contacts AS c WHERE c.merged_into IS NULL;
CREATE VIEW v_conversations ("id", "title", "status", "priority", "visitorId", "contactId", "messageCount", "createdAt", "updatedAt", "resolvedAt") AS
SELECT 
    k.id, k.title, k.status, k.priority, k.visitor_id, k.contact_id,
    (SELECT count(*) FROM messages WHERE conversation_id = k.id),
    k.created_at, k.updated_at, k.resolved_at
 FROM conversations AS k;
CREATE VIEW v_messages ("id", "conversationId", "visitorId", "agent", "body", "createdAt") AS
SELECT id, conversation_id, visitor_id, agent, body, created_at FROM messages;
CREATE VIEW v_blocks ("id", "visitorId", "contactId", "reason", "blockedAt", "blockedBy", "expiresAt", "liftedAt", "liftedBy", "state") AS
SELECT id, visitor_id, contact_id, reason, blocked_at, blocked_by, expires_at, lifted_at, lifted_by, CASE WHEN lifted_at IS NOT NULL THEN 'lifted' WHEN lifted_at IS NULL AND (expires_at IS NULL OR expires_at > strftime('%Y-%m-%dT%H:%M:%fZ', 'now')) THEN 'live' ELSE 'expired' END FROM blocks;
CREATE VIEW v_operations ("id", "at", "actor", "command", "arguments", "changeCount", "undoneBy") AS
WITH RECURSIVE
    last (target, operation) AS (SELECT target, max(operation) FROM undone GROUP BY target),
    judged (operation, stands) AS (
        SELECT operation, 1 FROM last WHERE operation NOT IN (SELECT target FROM last)
        UNION SELECT last.target, NOT judged.stands FROM judged JOIN last ON last.operation = judged.operation
    ),
    undos (target, id) AS (
        SELECT last.target, u.id FROM last
        JOIN judged ON judged.operation = last.operation AND judged.stands
        JOIN operations AS u ON u.pk = last.operation
    )
SELECT o.id, o.at, o.actor, o.command, o.arguments, (SELECT count(*) FROM changes AS h WHERE h.operation = o.pk) + (SELECT coalesce(sum(last - first + 1), 0) FROM creations AS n WHERE n.operation = o.pk), undos.id
FROM operations AS o LEFT JOIN undos ON undos.target = o.pk;
CREATE VIEW v_changes ("operationId", "at", "actor", "command", "kind", "recordId", "action", "before", "after") AS
SELECT o.id, o.at, o.actor, o.command, h.kind, h.record,
    CASE WHEN h.before IS NULL THEN 'created' WHEN h.after IS NULL THEN 'removed' ELSE 'changed' END,
    iif(h.before IS NULL, NULL, (SELECT json_group_object(CASE key WHEN 'blocked_at' THEN 'blockedAt' WHEN 'blocked_by' THEN 'blockedBy' WHEN 'browser_version' THEN 'browserVersion' WHEN 'contact_id' THEN 'contactId' WHEN 'conversation_id' THEN 'conversationId' WHEN 'country_code' THEN 'countryCode' WHEN 'created_at' THEN 'createdAt' WHEN 'current_page' THEN 'currentPage' WHEN 'deleted_at' THEN 'deletedAt' WHEN 'device_type' THEN 'deviceType' WHEN 'expires_at' THEN 'expiresAt' WHEN 'external_id' THEN 'externalId' WHEN 'last_seen_at' THEN 'lastSeenAt' WHEN 'lifted_at' THEN 'liftedAt' WHEN 'lifted_by' THEN 'liftedBy' WHEN 'merged_into' THEN 'mergedInto' WHEN 'metadata_hash' THEN 'metadataHash' WHEN 'os_version' THEN 'osVersion' WHEN 'resolved_at' THEN 'resolvedAt' WHEN 'screen_resolution' THEN 'screenResolution' WHEN 'updated_at' THEN 'updatedAt' WHEN 'visitor_id' THEN 'visitorId' ELSE key END, iif(typeof(value) = 'real', json(printf('%!.17g', value)), value)) FROM json_each(h.before) WHERE key <> 'pk')),
    iif(h.before IS NULL AND h.after IS NULL, (
        SELECT json_group_object(CASE key WHEN 'blocked_at' THEN 'blockedAt' WHEN 'blocked_by' THEN 'blockedBy' WHEN 'browser_version' THEN 'browserVersion' WHEN 'contact_id' THEN 'contactId' WHEN 'conversation_id' THEN 'conversationId' WHEN 'country_code' THEN 'countryCode' WHEN 'created_at' THEN 'createdAt' WHEN 'current_page' THEN 'currentPage' WHEN 'deleted_at' THEN 'deletedAt' WHEN 'device_type' THEN 'deviceType' WHEN 'expires_at' THEN 'expiresAt' WHEN 'external_id' THEN 'externalId' WHEN 'last_seen_at' THEN 'lastSeenAt' WHEN 'lifted_at' THEN 'liftedAt' WHEN 'lifted_by' THEN 'liftedBy' WHEN 'merged_into' THEN 'mergedInto' WHEN 'metadata_hash' THEN 'metadataHash' WHEN 'os_version' THEN 'osVersion' WHEN 'resolved_at' THEN 'resolvedAt' WHEN 'screen_resolution' THEN 'screenResolution' WHEN 'updated_at' THEN 'updatedAt' WHEN 'visitor_id' THEN 'visitorId' ELSE key END, iif(typeof(value) = 'real', json(printf('%!.17g', value)), value)) FROM (
            SELECT key, value, min(pk) FROM (
                SELECT key, value, l.pk FROM changes AS l, json_each(l.before)
                WHERE l.record = h.record AND l.kind = h.kind AND l.pk > h.pk
                UNION ALL SELECT key, value, 9223372036854775807 FROM json_each(CASE h.kind
                    WHEN 'contact' THEN (SELECT json_object('id', id, 'external_id', external_id, 'name', name, 'email', email, 'image', image, 'metadata', metadata, 'metadata_hash', metadata_hash, 'created_at', created_at, 'updated_at', updated_at, 'deleted_at', deleted_at, 'merged_into', merged_into) FROM contacts WHERE id = h.record)
                    WHEN 'visitor' THEN (SELECT json_object('id', id, 'contact_id', contact_id, 'language', language, 'timezone', timezone, 'fingerprint', fingerprint, 'browser', browser, 'browser_version', browser_version, 'os', os, 'os_version', os_version, 'device', device, 'device_type', device_type, 'ip', ip, 'city', city, 'region', region, 'country', country, 'country_code', country_code, 'latitude', iif(typeof(latitude) = 'real', json(printf('%!.17g', latitude)), latitude), 'longitude', iif(typeof(longitude) = 'real', json(printf('%!.17g', longitude)), longitude), 'screen_resolution', screen_resolution, 'viewport', viewport, 'attribution', attribution, 'current_page', current_page, 'created_at', created_at, 'updated_at', updated_at, 'last_seen_at', last_seen_at, 'deleted_at', deleted_at) FROM visitors WHERE id = h.record)
                    WHEN 'block' THEN (SELECT json_object('id', id, 'visitor_id', visitor_id, 'contact_id', contact_id, 'reason', reason, 'blocked_at', blocked_at, 'blocked_by', blocked_by, 'expires_at', expires_at, 'lifted_at', lifted_at, 'lifted_by', lifted_by) FROM blocks WHERE id = h.record)
                    WHEN 'conversation' THEN (SELECT json_object('id', id, 'title', title, 'status', status, 'priority', priority, 'visitor_id', visitor_id, 'contact_id', contact_id, 'created_at', created_at, 'updated_at', updated_at, 'resolved_at', resolved_at) FROM conversations WHERE id = h.record)
                    WHEN 'message' THEN (SELECT json_object('id', id, 'conversation_id', conversation_id, 'visitor_id', visitor_id, 'agent', agent, 'body', body, 'created_at', created_at) FROM messages WHERE id = h.record)
                END)
            ) WHERE key <> 'pk' GROUP BY key
        )
    ), iif(h.after IS NULL, NULL, (SELECT json_group_object(CASE key WHEN 'blocked_at' THEN 'blockedAt' WHEN 'blocked_by' THEN 'blockedBy' WHEN 'browser_version' THEN 'browserVersion' WHEN 'contact_id' THEN 'contactId' WHEN 'conversation_id' THEN 'conversationId' WHEN 'country_code' THEN 'countryCode' WHEN 'created_at' THEN 'createdAt' WHEN 'current_page' THEN 'currentPage' WHEN 'deleted_at' THEN 'deletedAt' WHEN 'device_type' THEN 'deviceType' WHEN 'expires_at' THEN 'expiresAt' WHEN 'external_id' THEN 'externalId' WHEN 'last_seen_at' THEN 'lastSeenAt' WHEN 'lifted_at' THEN 'liftedAt' WHEN 'lifted_by' THEN 'liftedBy' WHEN 'merged_into' THEN 'mergedInto' WHEN 'metadata_hash' THEN 'metadataHash' WHEN 'os_version' THEN 'osVersion' WHEN 'resolved_at' THEN 'resolvedAt' WHEN 'screen_resolution' THEN 'screenResolution' WHEN 'updated_at' THEN 'updatedAt' WHEN 'visitor_id' THEN 'visitorId' ELSE key END, iif(typeof(value) = 'real', json(printf('%!.17g', value)), value)) FROM json_each(h.after) WHERE key <> 'pk')))
FROM (
    SELECT operation, kind, record, before, after, pk FROM changes
    UNION ALL SELECT n.operation, 'contact', r.id, NULL, NULL, 0 FROM contacts AS r JOIN creations AS n ON n.kind = 'contact' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'contact', r.id, NULL, NULL, 0 FROM (
        SELECT DISTINCT json_extract(before, '$.pk') AS pk, record AS id FROM changes
        WHERE kind = 'contact' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM contacts WHERE pk = json_extract(before, '$.pk'))
    ) AS r JOIN creations AS n ON n.kind = 'contact' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'visitor', r.id, NULL, NULL, 0 FROM visitors AS r JOIN creations AS n ON n.kind = 'visitor' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'visitor', r.id, NULL, NULL, 0 FROM (
        SELECT DISTINCT json_extract(before, '$.pk') AS pk, record AS id FROM changes
        WHERE kind = 'visitor' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM visitors WHERE pk = json_extract(before, '$.pk'))
    ) AS r JOIN creations AS n ON n.kind = 'visitor' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'block', r.id, NULL, NULL, 0 FROM blocks AS r JOIN creations AS n ON n.kind = 'block' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'block', r.id, NULL, NULL, 0 FROM (
        SELECT DISTINCT json_extract(before, '$.pk') AS pk, record AS id FROM changes
        WHERE kind = 'block' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM blocks WHERE pk = json_extract(before, '$.pk'))
    ) AS r JOIN creations AS n ON n.kind = 'block' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'conversation', r.id, NULL, NULL, 0 FROM conversations AS r JOIN creations AS n ON n.kind = 'conversation' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'conversation', r.id, NULL, NULL, 0 FROM (
        SELECT DISTINCT json_extract(before, '$.pk') AS pk, record AS id FROM changes
        WHERE kind = 'conversation' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM conversations WHERE pk = json_extract(before, '$.pk'))
    ) AS r JOIN creations AS n ON n.kind = 'conversation' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'message', r.id, NULL, NULL, 0 FROM messages AS r JOIN creations AS n ON n.kind = 'message' AND r.pk BETWEEN n.first AND n.last
    UNION ALL SELECT n.operation, 'message', r.id, NULL, NULL, 0 FROM (
        SELECT DISTINCT json_extract(before, '$.pk') AS pk, record AS id FROM changes
        WHERE kind = 'message' AND before IS NOT NULL AND after IS NULL
            AND NOT EXISTS (SELECT 1 FROM messages WHERE pk = json_extract(before, '$.pk'))
    ) AS r JOIN creations AS n ON n.kind = 'message' AND r.pk BETWEEN n.first AND n.last
) AS h JOIN operations AS o ON o.pk = h.operation;
