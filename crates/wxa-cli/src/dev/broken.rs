//! The app that stands in for one that cannot be built: it shows what is wrong.

use std::collections::BTreeMap;

use serde_json::Value;
use webx_wxa::Manifest;
use webx_wxa::manifest::Entry;

use crate::failure::Failure;
use crate::project::Project;

/// How the message looks, in a frame with the desktop's tokens and without.
const STYLE: &str = "html,body{block-size:100%;margin:0}pre{box-sizing:border-box;min-block-size:100%;margin:0;padding:20px;overflow:auto;\
background:#1d1216;color:#ffd9dc;font:13px/1.6 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}";

/// The files of a package that shows `failure` in place of the project's app. The `manifest` loses its backend: there may be none.
pub(super) fn files(
    project: &Project,
    manifest: &mut Manifest,
    failure: &Failure,
) -> BTreeMap<String, Vec<u8>> {
    manifest.backend = None;
    manifest.services.clear();
    manifest.workflows.clear();
    let text = failure.text();
    let mut files = BTreeMap::new();
    for (_, path) in manifest.files() {
        let bytes = project.tree().bytes(path).map(<[u8]>::to_vec);
        files.insert(path.to_owned(), bytes.unwrap_or_default());
    }
    for (_, folder) in manifest.folders() {
        files.insert(format!("{folder}error.txt"), text.clone().into_bytes());
    }
    match &manifest.entry {
        Entry::Builtin { module, style } => {
            let code = format!(
                "import {{ jsx }} from \"react/jsx-runtime\";\nexport default function App() {{\n  return jsx(\"pre\", {{ role: \"alert\", children: {} }});\n}}\n",
                Value::from(text)
            );
            files.insert(module.clone(), code.into_bytes());
            if let Some(style) = style {
                files.insert(style.clone(), STYLE.as_bytes().to_vec());
            }
        }
        Entry::Iframe { start } => {
            let path = start.split(['?', '#']).next().unwrap_or_default();
            let name = match path.strip_prefix('/').unwrap_or(path) {
                name if name.is_empty() || name.ends_with('/') => format!("{name}index.html"),
                name => name.to_owned(),
            };
            let page = format!(
                "<!doctype html><meta charset=\"utf-8\"><title>Error</title><style>{STYLE}</style><pre role=\"alert\">{}</pre>",
                escape(&text)
            );
            files.insert(format!("web/{name}"), page.into_bytes());
        }
    }
    files
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::failure::Finding;

    #[test]
    fn the_message_is_shown_as_text_whatever_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("manifest.json"),
            r#"{"format":1,"api":"1","id":"hello","name":"Hello","version":"1.2.3","category":"other","description":"Says hello.",
                "icon":"icon.svg","entry":{"builtin":{"module":"app.js","style":"app.css"}},"permissions":{}}"#,
        )
        .unwrap();
        let project = Project::open(folder.path()).unwrap();
        let failure = Failure::found(
            "bundle",
            vec![Finding::error("</script>\" ` ${x}").in_file("src/a.tsx")],
        );
        let files = files(&project, &mut project.manifest().clone(), &failure);
        let code = String::from_utf8(files["app.js"].clone()).unwrap();
        assert!(
            code.contains(r#"children: "src/a.tsx: </script>\" ` ${x}"#),
            "{code}"
        );
        assert!(files.contains_key("app.css") && files.contains_key("icon.svg"));
    }
}
