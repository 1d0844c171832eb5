//! What a store says about apps, in the `custom` member of targets.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use webx_wxa::{AppId, Category, Digest, Package, Permissions, PublisherRoot};

use crate::role::{Target, Targets};

/// Most apps that a store's index is read for.
const MAX_TARGETS: usize = 100_000;
/// Longest release notes, in characters.
pub(crate) const MAX_NOTES: usize = 4000;

/// An app that a store offers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct App {
    /// The app.
    pub app: AppId,
    /// Its versions, the newest first; never empty.
    pub versions: Vec<Offer>,
    /// What people of this store think of it.
    pub rating: Option<Rating>,
}

impl App {
    /// The newest version that is no pre-release, or else the newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Offer> {
        let released = |offer: &&Offer| offer.version.pre.is_empty();
        self.versions
            .iter()
            .find(released)
            .or(self.versions.first())
    }
}

/// One version of an app, as a store describes it. Everything here is checked against the package
/// when it is fetched.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Offer {
    /// The version.
    pub version: Version,
    /// Name for people.
    pub name: String,
    /// Where it is listed.
    pub category: Category,
    /// A few sentences for people.
    pub description: String,
    /// Who signed the package.
    pub publisher: ListedPublisher,
    /// What it asks for.
    pub permissions: Permissions,
    /// Languages that it speaks.
    pub languages: Vec<String>,
    /// The icon.
    pub icon: Option<Media>,
    /// Screenshots.
    pub screenshots: Vec<Media>,
    /// What is new.
    pub notes: Option<String>,
    /// When the store took it up.
    pub published: OffsetDateTime,
    /// Size of the package in bytes.
    pub size: u64,
    /// SHA-256 of the package.
    pub digest: Digest,
    pub(crate) target: String,
}

/// The publisher in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedPublisher {
    /// The DID that signed.
    pub did: String,
    /// What stays of it when keys are rotated.
    pub root: PublisherRoot,
    /// Newest entry of its log, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// What people of a store think of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// From 0 to 50: stars in tenths.
    pub tenths: u32,
    /// How many people rated.
    pub count: u64,
}

/// A picture in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Media {
    /// `image/png` and the like.
    pub media_type: &'static str,
    /// Size in bytes.
    pub size: u64,
    /// Digest of the bytes.
    pub digest: Digest,
    pub(crate) target: String,
}

/// Largest picture that is taken from a store, in bytes.
pub(crate) const MAX_MEDIA: u64 = 8 * 1024 * 1024;

pub(crate) fn media_type(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webp" => "image/webp",
        "jpg" => "image/jpeg",
        _ => return None,
    })
}

/// The `custom` member of a package's target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Custom {
    pub(crate) app: AppId,
    pub(crate) version: Version,
    pub(crate) name: String,
    pub(crate) category: String,
    pub(crate) description: String,
    pub(crate) publisher: ListedPublisher,
    pub(crate) permissions: Value,
    pub(crate) languages: Vec<String>,
    pub(crate) icon: Option<String>,
    pub(crate) screenshots: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notes: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) published: OffsetDateTime,
}

/// What a store says about itself and about apps, beside the targets.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct About {
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) ratings: BTreeMap<AppId, Rating>,
}

/// The index of a store.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) apps: BTreeMap<AppId, App>,
    /// Targets that should be packages and cannot be read, with the reason.
    pub(crate) unreadable: Vec<(String, String)>,
}

/// Where the package of a version lies among the targets.
pub(crate) fn package_target(app: &AppId, version: &Version) -> String {
    format!("apps/{app}/{version}.wxa")
}

impl Index {
    pub(crate) fn of(targets: &Targets) -> Self {
        let about: About = serde_json::from_value(targets.about.clone()).unwrap_or_default();
        let mut index = Self {
            name: line(&about.name).unwrap_or_default(),
            ..Self::default()
        };
        let packages = targets
            .files
            .iter()
            .filter(|(path, _)| path.ends_with(".wxa"));
        for (path, target) in packages.take(MAX_TARGETS) {
            match offer(path, target, targets) {
                Ok((app, offer)) => {
                    let rating = about.ratings.get(&app).copied();
                    let entry = index.apps.entry(app.clone()).or_insert_with(|| App {
                        app,
                        versions: Vec::new(),
                        rating: rating.filter(|rating| rating.tenths <= 50),
                    });
                    entry.versions.push(offer);
                }
                Err(reason) => index.unreadable.push((path.clone(), reason)),
            }
        }
        for app in index.apps.values_mut() {
            app.versions.sort_by(|a, b| b.version.cmp(&a.version));
        }
        index
    }
}

/// A line of text that may be shown, or nothing.
fn line(text: &str) -> Option<String> {
    webx_wxa::check_line(text, 500)
        .is_ok()
        .then(|| text.to_owned())
}

fn offer(path: &str, target: &Target, targets: &Targets) -> Result<(AppId, Offer), String> {
    let custom: Custom =
        serde_json::from_value(target.custom.clone()).map_err(|error| error.to_string())?;
    if package_target(&custom.app, &custom.version) != path {
        return Err("it is listed under the name of another app or version".into());
    }
    if custom.app.system() || custom.app.publisher() != Some(custom.publisher.root.hash()) {
        return Err("its app id does not belong to its publisher".into());
    }
    let media = |path: &String| {
        let target = targets
            .files
            .get(path)
            .ok_or("it names a picture that is not listed")?;
        if target.length > MAX_MEDIA {
            return Err("it names a picture that is too large");
        }
        Ok(Media {
            media_type: media_type(path).ok_or("it names a picture of unknown kind")?,
            size: target.length,
            digest: target.sha256,
            target: path.clone(),
        })
    };
    if let Some(notes) = &custom.notes
        && (notes.chars().count() > MAX_NOTES
            || !notes
                .lines()
                .all(|text| text.is_empty() || line(text.trim()).is_some()))
    {
        return Err("its notes cannot be shown".into());
    }
    let offer = Offer {
        name: line(&custom.name).ok_or("its name cannot be shown")?,
        category: Category::from_name(&custom.category).ok_or("its category is unknown")?,
        description: line(&custom.description).ok_or("its description cannot be shown")?,
        permissions: Permissions::from_value(&custom.permissions)
            .map_err(|error| error.to_string())?,
        languages: custom.languages,
        icon: custom.icon.as_ref().map(media).transpose()?,
        screenshots: custom
            .screenshots
            .iter()
            .take(8)
            .map(media)
            .collect::<Result<_, _>>()?,
        notes: custom.notes,
        published: custom.published,
        publisher: custom.publisher,
        version: custom.version,
        size: target.length,
        digest: target.sha256,
        target: path.to_owned(),
    };
    Ok((custom.app, offer))
}

impl Offer {
    /// What of the listing is not so in the package.
    pub(crate) fn differs(&self, app: &AppId, package: &Package<'_>) -> Option<&'static str> {
        let manifest = package.manifest();
        let publisher = package.publisher();
        let same = [
            ("app id", *app == package.app_id()),
            ("version", self.version == manifest.version),
            ("name", self.name == manifest.name),
            ("category", self.category == manifest.category),
            ("description", self.description == manifest.description),
            ("publisher", self.publisher.root == publisher.root),
            (
                "list of permissions",
                self.permissions == manifest.permissions,
            ),
        ];
        same.iter().find(|(_, same)| !same).map(|(what, _)| *what)
    }
}
