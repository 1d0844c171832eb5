//! `credentialSchema` of the type `JsonSchema`, and the part of JSON Schema that is read.

use crate::common::{NOW, Party, V2, credential};
use serde_json::{Value, json};
use webx_credentials::{Contexts, Credentials, DidKey, Error, NoLists, Schema, SchemaState, Suite};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";
const ID: &str = "https://s.example/member.json";

fn schema(rules: Value) -> Result<Schema, Error> {
    let mut rules = rules;
    rules["$schema"] = json!(DRAFT);
    Schema::read(rules.to_string().as_bytes())
}

/// All of `good` and none of `bad` is as the rules want it.
fn rule(rules: &Value, good: &[Value], bad: &[Value]) {
    let schema = schema(rules.clone()).unwrap();
    for value in good {
        assert_eq!(schema.allows(value), Ok(true), "{rules} {value}");
    }
    for value in bad {
        assert_eq!(schema.allows(value), Ok(false), "{rules} {value}");
    }
}

#[test]
fn every_keyword_that_is_read_judges_as_draft_2020_12_says() {
    rule(
        &json!({ "type": "integer" }),
        &[json!(1), json!(1.0), json!(-3)],
        &[json!(1.5), json!("1"), json!(null)],
    );
    rule(
        &json!({ "type": ["string", "null"] }),
        &[json!("a"), json!(null)],
        &[json!(1), json!([])],
    );
    rule(
        &json!({ "const": { "a": [1] } }),
        &[json!({ "a": [1.0] })],
        &[json!({ "a": [1, 2] }), json!(1)],
    );
    rule(
        &json!({ "enum": [1, "a", null] }),
        &[json!("a"), json!(1.0)],
        &[json!("b"), json!(false)],
    );
    rule(
        &json!({ "minLength": 2, "maxLength": 3 }),
        &[json!("äö"), json!("abc"), json!(7)],
        &[json!("ä"), json!("abcd")],
    );
    rule(
        &json!({ "minimum": 1, "exclusiveMaximum": 2 }),
        &[json!(1), json!(1.9), json!("x")],
        &[json!(0.9), json!(2)],
    );
    rule(
        &json!({ "exclusiveMinimum": 1, "maximum": 2 }),
        &[json!(2)],
        &[json!(1), json!(2.1)],
    );
    rule(
        &json!({ "minItems": 1, "maxItems": 2, "uniqueItems": true }),
        &[json!([1]), json!([1, 2]), json!({})],
        &[json!([]), json!([1, 1.0]), json!([1, 2, 3])],
    );
    rule(
        &json!({ "prefixItems": [{ "type": "string" }], "items": { "type": "number" } }),
        &[json!([]), json!(["a"]), json!(["a", 1, 2])],
        &[json!([1]), json!(["a", "b"])],
    );
    rule(
        &json!({ "properties": { "a": { "type": "number" } }, "required": ["a"], "additionalProperties": false }),
        &[json!({ "a": 1 }), json!("no object")],
        &[
            json!({}),
            json!({ "a": "1" }),
            json!({ "a": 1, "role": "admin" }),
        ],
    );
    rule(
        &json!({ "propertyNames": { "maxLength": 1 }, "minProperties": 1, "maxProperties": 1 }),
        &[json!({ "a": 1 })],
        &[json!({}), json!({ "ab": 1 }), json!({ "a": 1, "b": 2 })],
    );
    rule(
        &json!({ "allOf": [{ "minimum": 1 }, { "maximum": 3 }] }),
        &[json!(2)],
        &[json!(0), json!(4)],
    );
    rule(
        &json!({ "anyOf": [{ "type": "string" }, { "minimum": 3 }] }),
        &[json!("a"), json!(3)],
        &[json!(2)],
    );
    rule(
        &json!({ "oneOf": [{ "minimum": 1 }, { "maximum": 3 }] }),
        &[json!(0), json!(4)],
        &[json!(2)],
    );
    rule(
        &json!({ "not": { "type": "string" } }),
        &[json!(1)],
        &[json!("a")],
    );
    rule(
        &json!({ "if": { "minimum": 10 }, "then": { "maximum": 20 }, "else": { "maximum": 5 } }),
        &[json!(15), json!(4)],
        &[json!(25), json!(7)],
    );
    rule(
        &json!({ "$defs": { "list": { "type": "object", "properties": { "next": { "$ref": "#/$defs/list" } }, "required": ["v"] } }, "$ref": "#/$defs/list" }),
        &[json!({ "v": 1, "next": { "v": 2 } })],
        &[json!({ "v": 1, "next": {} })],
    );
    rule(
        &json!({ "properties": { "a": false, "b": true } }),
        &[json!({ "b": 1 })],
        &[json!({ "a": 1 })],
    );
}

#[test]
fn a_schema_with_a_keyword_that_is_not_read_is_refused_and_not_read_in_part() {
    for rules in [
        json!({ "pattern": "(a+)+$" }),
        json!({ "patternProperties": {} }),
        json!({ "contains": {} }),
        json!({ "unevaluatedProperties": false }),
        json!({ "$dynamicRef": "#a" }),
        json!({ "$anchor": "a" }),
        json!({ "properties": { "a": { "pattern": "x" } } }),
        json!({ "not": { "allOf": [{ "multipleOf": 2 }] } }),
        json!({ "properties": { "a": { "$id": "https://other.example/" } } }),
        json!({ "$ref": "https://other.example/schema" }),
        json!({ "$ref": "#/examples/0", "examples": [{ "pattern": "x" }] }),
        json!({ "$ref": "#/$defs/a/examples/0", "$defs": { "a": {} } }),
        json!({ "type": "text" }),
        json!({ "minLength": -1 }),
        json!({ "required": "a" }),
        json!({ "allOf": [] }),
        json!({ "items": [{}] }),
        json!({ "properties": { "a": 1 } }),
    ] {
        assert!(
            matches!(schema(rules.clone()), Err(Error::Schema(_))),
            "{rules}"
        );
    }
    for text in [
        r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#,
        "{}",
        "true",
    ] {
        assert!(Schema::read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(Schema::read(br#"{"type":"string","type":"number"}"#).is_err());
}

#[test]
fn schemas_that_never_end_or_multiply_are_ended() {
    let endless = schema(json!({ "$ref": "#" })).unwrap();
    assert!(matches!(endless.allows(&json!(1)), Err(Error::Schema(_))));
    let mut defs = json!({ "x0": { "not": { "const": 1 } } });
    for n in 1..40 {
        let before = format!("#/$defs/x{}", n - 1);
        defs[format!("x{n}")] =
            json!({ "allOf": [{ "$ref": before }, { "$ref": before }, { "$ref": before }] });
    }
    let many = schema(json!({ "$defs": defs, "$ref": "#/$defs/x39" })).unwrap();
    assert!(matches!(many.allows(&json!(2)), Err(Error::Schema(_))));
    let unique = schema(json!({ "uniqueItems": true })).unwrap();
    let items: Vec<Value> = (0..2000).map(Value::from).collect();
    assert!(matches!(
        unique.allows(&items.into()),
        Err(Error::Schema(_))
    ));
}

#[test]
fn a_credential_has_to_be_as_its_schema_wants_it() {
    let issuer = Party::ed25519(1);
    let rules = json!({
        "$schema": DRAFT, "$id": ID, "type": "object", "required": ["credentialSubject"],
        "properties": { "credentialSubject": { "type": "object", "properties": { "alumniOf": {
            "type": "object", "properties": { "since": { "type": "integer", "minimum": 1990 } }, "required": ["since"] } } } },
    })
    .to_string();
    let contexts = Contexts::shipped().unwrap();
    let schemas = [Schema::read(rules.as_bytes()).unwrap()];
    let plain = Credentials::new(&contexts, &DidKey, &NoLists);
    let judge = |entry: Value, since: Value, known: &[Schema]| {
        let mut document = credential(&issuer.did);
        document["credentialSchema"] = entry;
        document["credentialSubject"]["alumniOf"]["since"] = since;
        let options = issuer.asserts(Suite::EddsaRdfc2022);
        let signed = plain
            .issue(&document, &options, issuer.key.as_ref())
            .unwrap();
        let token = plain
            .envelop(&document, &issuer.method, issuer.key.as_ref())
            .unwrap();
        let judging = plain.with_schemas(known);
        let proofs = judging
            .verify(signed.to_string().as_bytes(), NOW)
            .map(|found| found.schemas);
        let token = judging.verify_token(&token, NOW).map(|found| found.schemas);
        assert_eq!(proofs, token);
        proofs
    };
    let entry = json!({ "id": ID, "type": "JsonSchema" });
    let held = vec![SchemaState::Held { id: ID.to_owned() }];
    let unknown = vec![SchemaState::Unknown { id: ID.to_owned() }];
    assert_eq!(
        judge(entry.clone(), json!(1999), &schemas),
        Ok(held.clone())
    );
    assert_eq!(judge(entry.clone(), json!(1999), &[]), Ok(unknown.clone()));
    let refused = Err(Error::Schema(
        "the credential is not as its schema wants it",
    ));
    for since in [json!(1980), json!("1999"), json!(1999.5)] {
        assert_eq!(judge(entry.clone(), since, &schemas), refused);
    }
    let other = json!({ "id": ID, "type": "JsonSchemaCredential" });
    assert_eq!(judge(other, json!(1980), &schemas), Ok(unknown));
    let digest = |bytes: &[u8]| {
        use base64::Engine as _;
        use sha2::Digest as _;
        let digest = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(bytes));
        json!({ "id": ID, "type": "JsonSchema", "digestSRI": format!("sha256-{digest}") })
    };
    assert_eq!(
        judge(digest(rules.as_bytes()), json!(1999), &schemas),
        Ok(held)
    );
    assert!(judge(digest(V2.as_bytes()), json!(1999), &schemas).is_err());
}
