//! Times as the data model writes them.

use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// An XML Schema `dateTimeStamp`: a date and a time with its offset. `24:00:00` and years of five digits are refused.
pub(crate) fn timestamp(text: &str) -> Option<OffsetDateTime> {
    let shape = text.len() <= 64 && text.as_bytes().get(10) == Some(&b'T') && !text.ends_with('z');
    shape
        .then(|| OffsetDateTime::parse(text, &Rfc3339).ok())
        .flatten()
}

/// Seconds in UTC, `YYYY-MM-DDThh:mm:ssZ`.
pub(crate) fn written(time: OffsetDateTime) -> Option<String> {
    let time = time.to_offset(UtcOffset::UTC).replace_nanosecond(0).ok()?;
    time.format(&Rfc3339).ok()
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn a_date_time_stamp_has_its_offset() {
        for good in [
            "2020-03-10T04:24:12.164Z",
            "2020-03-10T04:24:12+01:00",
            "2020-03-10T04:24:12Z",
        ] {
            assert!(timestamp(good).is_some(), "{good}");
        }
        for bad in [
            "2020-03-10",
            "2020-03-10T04:24:12",
            "2020-03-10 04:24:12Z",
            "2020-13-10T04:24:12Z",
            "now",
            "",
        ] {
            assert!(timestamp(bad).is_none(), "{bad}");
        }
    }
}
