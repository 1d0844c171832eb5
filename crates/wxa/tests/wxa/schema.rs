//! The published JSON Schema says what the types say.

use crate::common::{full, least, manifest, mistakes, with};
use boon::{Compiler, SchemaIndex, Schemas};
use proptest::prelude::*;
use serde_json::{Value, json};
use webx_wxa::{Category, Manifest};

struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn published() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("wxa.json", text()).unwrap();
        let index = compiler.compile("wxa.json", &mut schemas).unwrap();
        Self(schemas, index)
    }

    fn accepts(&self, value: &Value) -> bool {
        self.0.validate(value, self.1).is_ok()
    }
}

fn text() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/wxa.schema.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Rules between members and rules of Unicode, which a schema cannot express.
const BEYOND: [&str; 9] = [
    "normal form C",
    "a second time",
    "[1].name",
    "needs a backend",
    "services permission",
    "no service",
    "does not come before",
    "native-code",
    "permissions.optional[1]",
];

#[test]
fn good_manifests_are_good_by_both() {
    let schema = Schema::published();
    let mut good = vec![full(), least()];
    for (name, _) in Category::ALL {
        good.push(with(least(), "/category", name.into()));
    }
    for (at, value) in [
        (
            "/entry",
            json!({"builtin": {"module": "dist/app.js", "style": "dist/app.css"}}),
        ),
        (
            "/entry",
            json!({"iframe": {"start": "/index.html?a=b&c=%20#x"}}),
        ),
        ("/backend", json!(null)),
        (
            "/backend",
            json!({"wasm": {"component": "backend.wasm", "mount": "/_api/v1/"}}),
        ),
        (
            "/backend",
            json!({"wsgi": {"app": "a.b:make.app", "source": "backend/app/", "component": "b.wasm", "mount": "/"}}),
        ),
        ("/permissions", json!({"required": [], "optional": []})),
        (
            "/permissions",
            json!({"required": [{"kind": "system", "areas": ["drive", "sagas"], "reason": "Part of it"}]}),
        ),
        ("/version", json!("0.0.0-alpha.1.x-y")),
        ("/name", json!("日本語 – Ελληνικά 👩‍🚀")),
        ("/icon", json!("größe/ико нка.webp")),
        ("/languages", json!([])),
        ("/source", json!("src/app/")),
        ("/window", json!({"width": 200, "height": 4096})),
    ] {
        good.push(with(least(), at, value));
    }
    for value in good {
        assert!(schema.accepts(&value), "{value}");
        manifest(&value);
    }
}

#[test]
fn bad_manifests_are_bad_by_both_where_a_schema_can_tell() {
    let schema = Schema::published();
    let mut beyond = 0;
    for (at, value, place, words) in mistakes() {
        let bad = with(full(), at, value.clone());
        if BEYOND
            .iter()
            .any(|rule| words.contains(rule) || place.ends_with(rule))
        {
            beyond += 1;
            continue;
        }
        assert!(!schema.accepts(&bad), "{at} {value}");
    }
    assert!(beyond < 15, "{beyond} mistakes are beyond the schema");
}

#[test]
fn the_schema_lists_the_names_that_the_types_have() {
    let schema = text();
    let names = |at: &str| -> Vec<String> {
        let list = schema.pointer(at).unwrap_or_else(|| panic!("{at}"));
        list.as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let categories: Vec<&str> = Category::ALL.iter().map(|(name, _)| *name).collect();
    assert_eq!(names("/properties/category/enum"), categories);
    // Every name is taken by the types, and a made-up one by neither.
    for area in names("/$defs/permission/oneOf/5/properties/areas/items/enum") {
        assert!(
            format!("system:{area}")
                .parse::<webx_wxa::PermissionKey>()
                .is_ok()
        );
    }
    for claim in names("/$defs/permission/oneOf/3/properties/claims/items/enum") {
        assert!(
            format!("identity:{claim}")
                .parse::<webx_wxa::PermissionKey>()
                .is_ok()
        );
    }
    for kind in names("/$defs/permission/oneOf/6/properties/kind/enum") {
        assert!(kind.parse::<webx_wxa::PermissionKey>().is_ok());
    }
    // What is written has every member of the schema and no other.
    let written: Value = serde_json::from_slice(&manifest(&full()).to_bytes()).unwrap();
    let mut have: Vec<&String> = written.as_object().unwrap().keys().collect();
    let mut listed: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    have.sort();
    listed.sort();
    assert_eq!(have, listed);
}

/// All places in a value.
fn places(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let at = format!("{at}/{name}");
            out.push(at.clone());
            places(member, &at, out);
        }),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| {
            let at = format!("{at}/{index}");
            out.push(at.clone());
            places(item, &at, out);
        }),
        _ => {}
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("-gone-")),
        Just(json!(null)),
        Just(json!(true)),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["a"])),
        Just(json!({"x": 1})),
        (0_u64..5000).prop_map(Value::from),
        (-2.0..2.0_f64).prop_map(Value::from),
        "[ -~äöü\u{200b}\u{202e}]{0,12}".prop_map(Value::from),
        "[a-z0-9./:*-]{0,12}".prop_map(Value::from),
        "(CON|nul|\\.\\.|a b|META)?(/|\\.)?[a-z ]{0,4}\\.?(svg|js|wasm|/)?".prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    /// The types are never laxer than the schema.
    #[test]
    fn what_the_types_accept_the_schema_accepts(which in any::<prop::sample::Index>(), value in any_value()) {
        thread_local!(static SCHEMA: Schema = Schema::published());
        let mut all = Vec::new();
        places(&full(), "", &mut all);
        let changed = with(full(), &all[which.index(all.len())], value);
        if Manifest::from_value(&changed).is_ok() {
            prop_assert!(SCHEMA.with(|schema| schema.accepts(&changed)), "{}", changed);
        }
    }
}
