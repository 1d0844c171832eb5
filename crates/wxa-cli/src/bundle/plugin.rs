//! How the bundler treats what is special about an app: the desktop's modules and style sheets.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use arcstr::ArcStr;
use rolldown_common::side_effects::HookSideEffects;
use rolldown_common::{ImportKind, ModuleType, ResolvedExternal};
use rolldown_plugin::{
    HookLoadArgs, HookLoadOutput, HookLoadReturn, HookResolveIdArgs, HookResolveIdOutput,
    HookResolveIdReturn, HookUsage, Plugin, PluginContext, SharedLoadPluginContext,
};

use super::style::Styles;
use super::{EXTERNALS, Mode};
use crate::tree::Tree;

/// A module of the desktop as `require()` in an npm package sees it.
const REQUIRED: &str = "\0desktop:";

/// Endings of files that are read as text.
const SOURCES: [&str; 9] = ["tsx", "ts", "mts", "cts", "jsx", "js", "mjs", "cjs", "json"];

/// See the module.
pub(super) struct AppPlugin {
    tree: Tree,
    styles: Arc<Styles>,
    mode: Mode,
}

impl AppPlugin {
    pub(super) fn new(tree: Tree, styles: Arc<Styles>, mode: Mode) -> Self {
        Self { tree, styles, mode }
    }
}

impl std::fmt::Debug for AppPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AppPlugin")
    }
}

impl Plugin for AppPlugin {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("wxa")
    }

    fn register_hook_usage(&self) -> HookUsage {
        HookUsage::ResolveId | HookUsage::Load
    }

    async fn resolve_id(
        &self,
        _ctx: &PluginContext,
        args: &HookResolveIdArgs<'_>,
    ) -> HookResolveIdReturn {
        if !EXTERNALS.contains(&args.specifier) {
            return Ok(None);
        }
        // A CommonJS package requires React: it gets the desktop's module through an import, for a browser has no `require`.
        if args.kind == ImportKind::Require {
            return Ok(Some(HookResolveIdOutput::from_id(format!(
                "{REQUIRED}{}",
                args.specifier
            ))));
        }
        Ok(Some(HookResolveIdOutput {
            id: args.specifier.into(),
            external: Some(ResolvedExternal::Bool(true)),
            ..HookResolveIdOutput::default()
        }))
    }

    async fn load(&self, _ctx: SharedLoadPluginContext, args: &HookLoadArgs<'_>) -> HookLoadReturn {
        if let Some(name) = args.id.strip_prefix(REQUIRED) {
            let name = serde_json::to_string(name)?;
            return Ok(Some(script(
                format!("import * as m from {name};\nmodule.exports = {{ ...m }};\n"),
                None,
            )));
        }
        if args.id.ends_with(".css") {
            let code = self.styles.add(&self.tree, args.id, self.mode)?;
            return Ok(Some(script(code, Some(HookSideEffects::NoTreeshake))));
        }
        // Read here and now: the bundler's own way sends each file to another thread, which costs more than the reading.
        let ending = args.id.rsplit('.').next().unwrap_or_default();
        let path = SOURCES
            .contains(&ending)
            .then(|| Tree::relative(Path::new(args.id)));
        if let Some(text) = path.flatten().and_then(|path| self.tree.text(&path).ok()) {
            return Ok(Some(HookLoadOutput {
                code: ArcStr::from(text),
                ..HookLoadOutput::default()
            }));
        }
        Ok(None)
    }
}

fn script(code: String, side_effects: Option<HookSideEffects>) -> HookLoadOutput {
    HookLoadOutput {
        code: ArcStr::from(code),
        side_effects,
        module_type: Some(ModuleType::Js),
        ..HookLoadOutput::default()
    }
}
