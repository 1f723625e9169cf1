-- Letters are composed (NFC) and numbers have no blanks around them, in the archive as in what comes: see
-- `core.archive_texts`, which goes on from here. The figures are made anew after that.
UPDATE alerts AS a SET subject = btrim(normalize(a.subject), ' ')
WHERE a.subject <> btrim(normalize(a.subject), ' ') AND NOT EXISTS (
    SELECT FROM alerts AS o WHERE o.system = a.system AND o.kind = a.kind AND o.subject <> a.subject
        AND btrim(normalize(o.subject), ' ') = btrim(normalize(a.subject), ' '));
