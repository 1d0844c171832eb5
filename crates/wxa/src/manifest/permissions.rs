//! From JSON to what an app asks for.

use super::{
    fields::{Field, Object},
    read::items,
};
use crate::{
    Permission, Permissions, Refusal, Request, Storage,
    permission::{Area, Claim, PickMode},
    refusal::shown,
};

/// Longest reason.
const REASON: usize = 200;

pub(super) fn read(field: &Field<'_>) -> Result<Permissions, Refusal> {
    let object = field.object(&["required", "optional"])?;
    let list = |name| match object.maybe(name) {
        Some(field) => items(&field, 64, request),
        None => Ok(Vec::new()),
    };
    Ok(Permissions {
        required: list("required")?,
        optional: list("optional")?,
    })
}

fn request(field: &Field<'_>) -> Result<Request, Refusal> {
    const ANY: [&str; 8] = [
        "kind", "reason", "hosts", "access", "mode", "claims", "apps", "areas",
    ];
    let kind = field.object(&ANY)?.need("kind")?;
    let name = kind.text()?;
    // The members that belong to this kind; anything else in it is refused by name.
    let detail: &[&str] = match name {
        "network" => &["kind", "reason", "hosts"],
        "storage" => &["kind", "reason", "access", "mode"],
        "identity" => &["kind", "reason", "claims"],
        "services" => &["kind", "reason", "apps"],
        "system" => &["kind", "reason", "areas"],
        "messages" | "notify" | "compute" | "wallet" | "native-code" | "clipboard" => {
            &["kind", "reason"]
        }
        _ => {
            return Err(Refusal::UnknownPermission {
                at: kind.at,
                kind: shown(name.as_bytes()),
            });
        }
    };
    let object = field.object(detail)?;
    let permission = match name {
        "network" => Permission::Network {
            hosts: object.need("hosts")?.distinct(1, 32, |host| host.parse())?,
        },
        "storage" => Permission::Storage(storage(&object)?),
        "identity" => Permission::Identity {
            claims: object
                .need("claims")?
                .distinct(1, 8, |claim| claim.one_of(&Claim::ALL))?,
        },
        "services" => Permission::Services {
            apps: object.need("apps")?.distinct(1, 32, |app| app.parse())?,
        },
        "system" => Permission::System {
            areas: object
                .need("areas")?
                .distinct(1, 16, |area| area.one_of(&Area::ALL))?,
        },
        "messages" => Permission::Messages,
        "notify" => Permission::Notify,
        "compute" => Permission::Compute,
        "wallet" => Permission::Wallet,
        "native-code" => Permission::NativeCode,
        _ => Permission::Clipboard,
    };
    Ok(Request {
        permission,
        reason: object.need("reason")?.line(REASON)?,
    })
}

fn storage(object: &Object<'_>) -> Result<Storage, Refusal> {
    let access = object.need("access")?;
    let pick = access.one_of(&[("own", false), ("pick", true)])?;
    match (pick, object.maybe("mode")) {
        (true, _) => Ok(Storage::Pick {
            mode: object.need("mode")?.one_of(&PickMode::ALL)?,
        }),
        (false, None) => Ok(Storage::Own),
        (false, Some(mode)) => Err(mode.wrong("belongs to access \"pick\" only")),
    }
}
