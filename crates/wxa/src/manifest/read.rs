//! From JSON to the types, member by member.

use semver::Version;
use serde_json::Value;

use super::{
    API, Backend, Category, Entry, FORMAT, Manifest, Method, Runtime, Service, Step, Wheel, Window,
    Workflow, fields::Field, permissions,
};
use crate::{Refusal, app::check_id};

/// Longest name of an app.
const NAME: usize = 64;
/// Longest description.
const DESCRIPTION: usize = 500;

pub(super) fn manifest(value: &Value) -> Result<Manifest, Refusal> {
    let root = Field {
        at: String::new(),
        value,
    };
    let object = root.object(&[
        "format",
        "api",
        "id",
        "name",
        "version",
        "category",
        "description",
        "icon",
        "entry",
        "backend",
        "permissions",
        "services",
        "workflows",
        "screenshots",
        "languages",
        "window",
        "source",
    ])?;
    let format = object.need("format")?;
    if format.value.as_u64() != Some(FORMAT) {
        return Err(format.wrong(format!(
            "must be {FORMAT}; this system reads no other format"
        )));
    }
    let api = object.need("api")?;
    if api.text()? != API {
        return Err(api.wrong(format!(
            "must be \"{API}\"; this system offers no other interface"
        )));
    }
    Ok(Manifest {
        format: FORMAT,
        api: API.to_owned(),
        id: id(&object.need("id")?)?,
        name: object.need("name")?.line(NAME)?,
        version: version(&object.need("version")?)?,
        category: object.need("category")?.one_of(&Category::ALL)?,
        description: object.need("description")?.line(DESCRIPTION)?,
        icon: picture(&object.need("icon")?)?,
        entry: entry(&object.need("entry")?)?,
        backend: match object.maybe("backend") {
            Some(field) if !field.value.is_null() => Some(backend(&field)?),
            _ => None,
        },
        permissions: permissions::read(&object.need("permissions")?)?,
        services: match object.maybe("services") {
            Some(field) => items(&field, 32, service)?,
            None => Vec::new(),
        },
        workflows: match object.maybe("workflows") {
            Some(field) => items(&field, 16, workflow)?,
            None => Vec::new(),
        },
        screenshots: match object.maybe("screenshots") {
            Some(field) => field.distinct(0, 8, picture)?,
            None => Vec::new(),
        },
        languages: match object.maybe("languages") {
            Some(field) => field.distinct(0, 100, language)?,
            None => Vec::new(),
        },
        window: object
            .maybe("window")
            .map(|field| window(&field))
            .transpose()?,
        source: object
            .maybe("source")
            .map(|field| field.folder())
            .transpose()?,
    })
}

pub(super) fn items<T>(
    field: &Field<'_>,
    most: usize,
    read: impl Fn(&Field<'_>) -> Result<T, Refusal>,
) -> Result<Vec<T>, Refusal> {
    field.list(0, most)?.iter().map(read).collect()
}

fn id(field: &Field<'_>) -> Result<String, Refusal> {
    let text = field.text()?;
    check_id(text).map_err(|reason| field.wrong(reason))?;
    Ok(text.to_owned())
}

fn version(field: &Field<'_>) -> Result<Version, Refusal> {
    let text = field.text()?;
    if text.len() > 64 {
        return Err(field.wrong("is longer than 64 characters"));
    }
    let version = Version::parse(text)
        .map_err(|error| field.wrong(format!("must be a version like 1.2.0: {error}")))?;
    if !version.build.is_empty() {
        return Err(field.wrong("must not have build metadata (+…): it has no order"));
    }
    Ok(version)
}

fn picture(field: &Field<'_>) -> Result<String, Refusal> {
    let path = field.path()?;
    match path.rsplit_once('.') {
        Some((_, "svg" | "png" | "webp" | "jpg")) => Ok(path),
        _ => Err(field.wrong("must be a .svg, .png, .webp or .jpg file")),
    }
}

fn language(field: &Field<'_>) -> Result<String, Refusal> {
    let text = field.text()?;
    let mut parts = text.split('-');
    let primary = parts.next().unwrap_or_default();
    let good = (2..=3).contains(&primary.len())
        && primary.bytes().all(|c| c.is_ascii_lowercase())
        && text.len() <= 35
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|c| c.is_ascii_alphanumeric())
        });
    if good {
        Ok(text.to_owned())
    } else {
        Err(field.wrong("must be a language tag like en or pt-BR"))
    }
}

fn window(field: &Field<'_>) -> Result<Window, Refusal> {
    let object = field.object(&["width", "height", "single"])?;
    Ok(Window {
        width: object.need("width")?.number(200, 4096)?,
        height: object.need("height")?.number(150, 4096)?,
        single: match object.maybe("single") {
            Some(field) => field.flag()?,
            None => false,
        },
    })
}

fn entry(field: &Field<'_>) -> Result<Entry, Refusal> {
    let (case, inner) = field.case(&["builtin", "iframe"])?;
    if case == "builtin" {
        let object = inner.object(&["module", "style"])?;
        return Ok(Entry::Builtin {
            module: ending(&object.need("module")?, ".js")?,
            style: object
                .maybe("style")
                .map(|field| ending(&field, ".css"))
                .transpose()?,
        });
    }
    let object = inner.object(&["start"])?;
    let start = object.need("start")?;
    let known = |c: u8| c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?#".contains(&c);
    let text = start.text()?;
    if !text.starts_with('/')
        || text.starts_with("//")
        || text.len() > 255
        || !text.bytes().all(known)
    {
        return Err(
            start.wrong("must be an address on the app's own origin, like / or /index.html")
        );
    }
    Ok(Entry::Iframe {
        start: text.to_owned(),
    })
}

fn ending(field: &Field<'_>, end: &str) -> Result<String, Refusal> {
    let path = field.path()?;
    if path.ends_with(end) {
        Ok(path)
    } else {
        Err(field.wrong(format!("must be a {end} file")))
    }
}

fn backend(field: &Field<'_>) -> Result<Backend, Refusal> {
    let (case, inner) = field.case(&["wasm", "wsgi"])?;
    if case == "wasm" {
        let object = inner.object(&["component", "mount"])?;
        return Ok(Backend::Wasm {
            component: ending(&object.need("component")?, ".wasm")?,
            mount: mount(&object.need("mount")?)?,
        });
    }
    let object = inner.object(&["app", "source", "component", "native", "mount"])?;
    let runtime = match (object.maybe("component"), object.maybe("native")) {
        (Some(component), None) => Runtime::Component(ending(&component, ".wasm")?),
        (None, Some(native)) => Runtime::Native {
            wheels: items(&native.object(&["wheels"])?.need("wheels")?, 200, wheel)?,
        },
        _ => return Err(inner.wrong("must have either component or native")),
    };
    Ok(Backend::Wsgi {
        app: wsgi_app(&object.need("app")?)?,
        source: object.need("source")?.folder()?,
        runtime,
        mount: mount(&object.need("mount")?)?,
    })
}

fn wheel(field: &Field<'_>) -> Result<Wheel, Refusal> {
    let object = field.object(&["path", "sha256"])?;
    Ok(Wheel {
        path: ending(&object.need("path")?, ".whl")?,
        sha256: object.need("sha256")?.parse()?,
    })
}

/// `module:callable`, both dotted Python names.
fn wsgi_app(field: &Field<'_>) -> Result<String, Refusal> {
    let text = field.text()?;
    let name = |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
    };
    let good = text.len() <= 200
        && text.split_once(':').is_some_and(|(module, callable)| {
            module.split('.').all(name) && callable.split('.').all(name)
        });
    if good {
        Ok(text.to_owned())
    } else {
        Err(field.wrong("must be a Python module and a callable in it, like guestbook:app"))
    }
}

fn segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-._~".contains(&c))
}

fn mount(field: &Field<'_>) -> Result<String, Refusal> {
    let text = field.text()?;
    let inner = text
        .strip_prefix('/')
        .map(|text| text.strip_suffix('/').unwrap_or(text));
    let good = text.len() <= 100
        && text.ends_with('/')
        && inner.is_some_and(|inner| inner.is_empty() || inner.split('/').all(segment));
    if good {
        Ok(text.to_owned())
    } else {
        Err(field.wrong("must begin and end with /, like / or /_api/"))
    }
}

fn service(field: &Field<'_>) -> Result<Service, Refusal> {
    let object = field.object(&["name", "method", "path", "idempotent"])?;
    let path = object.need("path")?;
    let text = path.text()?;
    let good = text.len() <= 255
        && text
            .strip_prefix('/')
            .is_some_and(|inner| inner.is_empty() || inner.split('/').all(segment));
    if !good {
        return Err(path.wrong("must be a path of the backend, like /render"));
    }
    Ok(Service {
        name: id(&object.need("name")?)?,
        method: object.need("method")?.one_of(&Method::ALL)?,
        path: text.to_owned(),
        idempotent: match object.maybe("idempotent") {
            Some(field) => field.flag()?,
            None => false,
        },
    })
}

fn workflow(field: &Field<'_>) -> Result<Workflow, Refusal> {
    let object = field.object(&["name", "title", "steps"])?;
    Ok(Workflow {
        name: id(&object.need("name")?)?,
        title: object.need("title")?.line(NAME)?,
        steps: {
            let steps = object.need("steps")?;
            let list = steps.list(1, 32)?;
            list.iter().map(step).collect::<Result<_, _>>()?
        },
    })
}

fn step(field: &Field<'_>) -> Result<Step, Refusal> {
    let object = field.object(&[
        "name",
        "app",
        "service",
        "with",
        "undo",
        "timeoutSeconds",
        "attempts",
    ])?;
    let with = match object.maybe("with") {
        Some(field) => field.map(32)?.all(),
        None => Vec::new(),
    };
    Ok(Step {
        name: id(&object.need("name")?)?,
        app: object.maybe("app").map(|field| field.parse()).transpose()?,
        service: id(&object.need("service")?)?,
        with: with
            .into_iter()
            .map(|(name, field)| {
                crate::text::check_line(name, NAME).map_err(|reason| field.wrong(reason))?;
                Ok((name.to_owned(), pointer(&field)?))
            })
            .collect::<Result<_, Refusal>>()?,
        undo: object.maybe("undo").map(|field| id(&field)).transpose()?,
        timeout_seconds: match object.maybe("timeoutSeconds") {
            Some(field) => field.number(1, 3600)?,
            None => 30,
        },
        attempts: match object.maybe("attempts") {
            Some(field) => field.number(1, 20)?,
            None => 3,
        },
    })
}

/// A JSON Pointer (RFC 6901) into the workflow's input or the answer of a step.
fn pointer(field: &Field<'_>) -> Result<String, Refusal> {
    let text = field.text()?;
    let inside = text == "/input" || text.starts_with("/input/") || text.starts_with("/steps/");
    if inside && text.len() <= 255 && text.chars().all(crate::text::plain) {
        Ok(text.to_owned())
    } else {
        Err(field.wrong("must be a JSON Pointer that begins with /input or /steps/<step>"))
    }
}
