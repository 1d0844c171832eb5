//! What the person chose. One document in the vault, told to every open browser when it changes.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    desktop::{Desktop, SETTINGS, blocking},
    door::Home,
    http::{extract::Json, problem::Problem},
    live::LiveEvent,
    record::note,
};

/// Longest free-form part of the settings, in bytes of JSON.
const MAX_FREE: usize = 16 * 1024;
/// Longest short text.
const MAX_TEXT: usize = 200;

/// How the desktop looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Theme {
    Light,
    Dark,
    Contrast,
    #[default]
    System,
}

/// The language of the desktop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Language {
    #[default]
    En,
    De,
    Ar,
}

/// All settings, with the defaults in place of what was never chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// How the desktop looks.
    pub(crate) theme: Theme,
    /// The language of the desktop; absent until the person chose one (then the browser's is taken).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) language: Option<Language>,
    /// The name of a wallpaper of the shell.
    pub(crate) wallpaper: String,
    /// The accent colour; absent for the shell's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) accent: Option<String>,
    /// Minutes without use after which the home is locked; 0 for never.
    #[schema(maximum = 1440)]
    pub(crate) auto_lock_minutes: u32,
    /// Whether the home is locked when the machine slept.
    pub(crate) lock_on_sleep: bool,
    /// Whether motion is reduced.
    pub(crate) reduce_motion: bool,
    /// Most bytes the drive may store; 0 for as much as the disk holds.
    pub(crate) quota_bytes: u64,
    /// The dock, as the shell wants it.
    #[schema(value_type = Object)]
    pub(crate) dock: Map<String, Value>,
    /// Anything else the system apps want to keep, one key for each.
    #[schema(value_type = Object)]
    pub(crate) preferences: Map<String, Value>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            language: None,
            wallpaper: "default".to_owned(),
            accent: None,
            auto_lock_minutes: 15,
            lock_on_sleep: true,
            reduce_motion: false,
            quota_bytes: 0,
            dock: Map::new(),
            preferences: Map::new(),
        }
    }
}

/// What to change; what is absent stays. In `dock` and `preferences` a key with `null` is removed, other keys stay.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    theme: Option<Theme>,
    language: Option<Language>,
    #[schema(max_length = 200)]
    wallpaper: Option<String>,
    /// An empty text takes the shell's own colour again.
    #[schema(max_length = 200)]
    accent: Option<String>,
    #[schema(maximum = 1440)]
    auto_lock_minutes: Option<u32>,
    lock_on_sleep: Option<bool>,
    reduce_motion: Option<bool>,
    quota_bytes: Option<u64>,
    #[schema(value_type = Option<Object>)]
    dock: Option<Map<String, Value>>,
    #[schema(value_type = Option<Object>)]
    preferences: Option<Map<String, Value>>,
}

impl SettingsPatch {
    /// The names of what is changed.
    fn keys(&self) -> Vec<&'static str> {
        let all = [
            (self.theme.is_some(), "theme"),
            (self.language.is_some(), "language"),
            (self.wallpaper.is_some(), "wallpaper"),
            (self.accent.is_some(), "accent"),
            (self.auto_lock_minutes.is_some(), "autoLockMinutes"),
            (self.lock_on_sleep.is_some(), "lockOnSleep"),
            (self.reduce_motion.is_some(), "reduceMotion"),
            (self.quota_bytes.is_some(), "quotaBytes"),
            (self.dock.is_some(), "dock"),
            (self.preferences.is_some(), "preferences"),
        ];
        all.into_iter()
            .filter_map(|(set, name)| set.then_some(name))
            .collect()
    }

    /// Changes `settings`, or says what is wrong and leaves them half changed (the caller throws them away).
    fn apply(self, settings: &mut Settings) -> Result<(), Problem> {
        fn set<T>(place: &mut T, value: Option<T>) {
            if let Some(value) = value {
                *place = value;
            }
        }
        set(&mut settings.theme, self.theme);
        settings.language = self.language.or(settings.language);
        set(
            &mut settings.wallpaper,
            self.wallpaper.map(|w| short("wallpaper", w)).transpose()?,
        );
        if let Some(accent) = self.accent {
            settings.accent = Some(short("accent", accent)?).filter(|a| !a.is_empty());
        }
        if self.auto_lock_minutes.is_some_and(|m| m > 1440) {
            return Err(Problem::bad_request("autoLockMinutes is at most 1440"));
        }
        if self.quota_bytes.is_some_and(|q| i64::try_from(q).is_err()) {
            return Err(Problem::bad_request("quotaBytes is too large"));
        }
        set(&mut settings.auto_lock_minutes, self.auto_lock_minutes);
        set(&mut settings.lock_on_sleep, self.lock_on_sleep);
        set(&mut settings.reduce_motion, self.reduce_motion);
        set(&mut settings.quota_bytes, self.quota_bytes);
        merge("dock", &mut settings.dock, self.dock)?;
        merge("preferences", &mut settings.preferences, self.preferences)
    }
}

fn short(what: &str, text: String) -> Result<String, Problem> {
    if text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(Problem::bad_request(format!(
            "{what} is at most {MAX_TEXT} bytes of text"
        )));
    }
    Ok(text)
}

fn merge(
    what: &str,
    kept: &mut Map<String, Value>,
    patch: Option<Map<String, Value>>,
) -> Result<(), Problem> {
    for (key, value) in patch.into_iter().flatten() {
        if value.is_null() {
            kept.remove(&key);
        } else {
            kept.insert(key, value);
        }
    }
    let size = serde_json::to_vec(kept).map_or(usize::MAX, |json| json.len());
    if size > MAX_FREE {
        return Err(Problem::bad_request(format!(
            "{what} is at most {MAX_FREE} bytes of JSON"
        )));
    }
    Ok(())
}

/// All settings.
#[utoipa::path(get, path = "/api/settings", operation_id = "getSettings", tag = "desktop", responses((status = 200, body = Settings)))]
pub(crate) async fn get(State(desktop): State<Desktop>) -> Result<axum::Json<Settings>, Problem> {
    let tables = desktop.tables()?;
    blocking(move || Ok(axum::Json(tables.document(SETTINGS)?))).await
}

/// Changes some settings; answers all of them.
#[utoipa::path(patch, path = "/api/settings", operation_id = "patchSettings", tag = "desktop", request_body = SettingsPatch,
    responses((status = 200, body = Settings), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub(crate) async fn patch(
    State(desktop): State<Desktop>,
    Extension(home): Extension<Home>,
    Json(patch): Json<SettingsPatch>,
) -> Result<axum::Json<Settings>, Problem> {
    let tables = desktop.tables()?;
    let settings = blocking(move || {
        let quota = patch.quota_bytes;
        let keys = patch.keys();
        let (settings, ()) = tables.update_document(SETTINGS, |s: &mut Settings| patch.apply(s))?;
        if let Some(quota) = quota {
            home.drive.set_quota((quota > 0).then_some(quota))?;
        }
        if !keys.is_empty() {
            note(
                &home,
                "settings.changed",
                &keys.join(", "),
                json!({ "keys": keys }),
            );
        }
        Ok(settings)
    })
    .await?;
    desktop.hub().send(LiveEvent::Settings {
        settings: settings.clone(),
    });
    Ok(axum::Json(settings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    fn patched(settings: &mut Settings, patch: Value) -> Result<(), Problem> {
        serde_json::from_value::<SettingsPatch>(patch)
            .map_err(|e| Problem::bad_request(e.to_string()))?
            .apply(settings)
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let mut settings = Settings::default();
        patched(
            &mut settings,
            json!({"theme": "dark", "dock": {"pinned": ["files"], "side": "left"}}),
        )
        .unwrap();
        patched(
            &mut settings,
            json!({"language": "ar", "dock": {"side": null}}),
        )
        .unwrap();
        assert_eq!(settings.theme, Theme::Dark);
        assert_eq!(settings.language, Some(Language::Ar));
        assert_eq!(
            Value::Object(settings.dock.clone()),
            json!({"pinned": ["files"]})
        );
        assert_eq!(settings.auto_lock_minutes, 15);
    }

    #[test]
    fn unknown_keys_and_absurd_values_are_refused() {
        for bad in [
            json!({"thme": "dark"}),
            json!({"theme": "pink"}),
            json!({"autoLockMinutes": 1441}),
            json!({"autoLockMinutes": -1}),
            json!({"quotaBytes": u64::MAX}),
            json!({"wallpaper": "x".repeat(201)}),
            json!({"accent": "a\u{0}b"}),
            json!({"preferences": {"a": "x".repeat(20_000)}}),
        ] {
            assert!(
                patched(&mut Settings::default(), bad.clone()).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn settings_of_an_older_version_are_completed() {
        let settings: Settings =
            serde_json::from_value(json!({"theme": "light", "gone": 1})).unwrap();
        assert_eq!(
            settings,
            Settings {
                theme: Theme::Light,
                ..Settings::default()
            }
        );
    }
}
