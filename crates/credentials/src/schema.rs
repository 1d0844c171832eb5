//! JSON Schema (draft 2020-12), the part that credential schemas use, with a budget.
//!
//! A keyword that is not read here makes the schema unreadable: it is never passed over. So a schema either judges all
//! that it says or says nothing. Not read: `pattern` and `patternProperties` (no regular expressions from strangers),
//! `unevaluated…`, `dependent…`, `contains`, dynamic references, references into other documents.

use serde_json::{Map, Value};

use crate::{
    Error, json,
    ld::{Hash, strings},
    limits::{MAX_DEPTH, MAX_SCHEMA_WORK},
    model, related,
};

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A schema that is read whole.
#[derive(Clone, Debug)]
pub struct Schema {
    root: Value,
    digests: [Vec<u8>; 3],
}

/// What was found of a `credentialSchema`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaState {
    /// The schema is at hand, and the credential is as it wants it.
    Held {
        /// Its address.
        id: String,
    },
    /// The schema is not at hand, or of a kind that is not read here.
    Unknown {
        /// Its address.
        id: String,
    },
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::TooLarge`]; [`Error::Schema`] for another draft, an unknown keyword, or a keyword
    /// with a wrong value.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let schema = json::parse(bytes)?;
        if schema.get("$schema").and_then(Value::as_str) != Some(DRAFT) {
            return Err(Error::Schema("it is none of draft 2020-12"));
        }
        well_formed(&schema, 0)?;
        Ok(Self {
            root: schema,
            digests: [Hash::Sha256, Hash::Sha384, Hash::Sha512].map(|hash| hash.of(bytes)),
        })
    }

    /// The address it gives itself.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.root.get("$id").and_then(Value::as_str)
    }

    /// Whether `value` is as the schema wants it.
    ///
    /// # Errors
    /// [`Error::Schema`] when the judgement takes more work than is allowed.
    pub fn allows(&self, value: &Value) -> Result<bool, Error> {
        let mut judge = Judge {
            root: &self.root,
            left: MAX_SCHEMA_WORK,
        };
        judge.allows(&self.root, value, 0)
    }
}

/// Judges `credential` by its schemas of the type `JsonSchema`, as far as they are among `known`.
pub(crate) fn judge(
    known: &[Schema],
    credential: &Map<String, Value>,
) -> Result<Vec<SchemaState>, Error> {
    let mut found = Vec::new();
    let mut whole = None;
    for entry in model::objects(credential, "credentialSchema")? {
        let id = entry.get("id").and_then(Value::as_str).unwrap_or_default();
        let kinds = entry.get("type").and_then(strings).unwrap_or_default();
        let schema = known
            .iter()
            .find(|schema| kinds.contains(&"JsonSchema") && schema.id() == Some(id));
        let id = id.to_owned();
        let Some(schema) = schema else {
            found.push(SchemaState::Unknown { id });
            continue;
        };
        if let Some(digest) = entry.get("digestSRI") {
            let digest = digest.as_str().and_then(related::integrity);
            if digest.is_none_or(|digest| !schema.digests.contains(&digest)) {
                return Err(Error::Schema(
                    "it has another digest than the credential names",
                ));
            }
        }
        let whole = whole.get_or_insert_with(|| Value::Object(credential.clone()));
        if !schema.allows(whole)? {
            return Err(Error::Schema(
                "the credential is not as its schema wants it",
            ));
        }
        found.push(SchemaState::Held { id });
    }
    Ok(found)
}

/// Every keyword is one that is read here, with a value that it can have.
fn well_formed(schema: &Value, depth: usize) -> Result<(), Error> {
    let members = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(members) if depth <= MAX_DEPTH => members,
        _ => return Err(Error::Schema("a part of it is no schema")),
    };
    let wrong = Error::Schema("a keyword has a value that it cannot have");
    for (name, value) in members {
        let good = match name.as_str() {
            "$schema" | "$id" => value.is_string() && depth == 0,
            "$comment" | "title" | "description" | "format" => value.is_string(),
            "default" | "examples" | "const" | "deprecated" | "readOnly" | "writeOnly" => true,
            "enum" => value.is_array(),
            // Only to where every keyword is looked at.
            "$ref" => value.as_str().is_some_and(|place| {
                let name = place.strip_prefix("#/$defs/");
                place == "#" || name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
            }),
            "type" => match value {
                Value::Array(names) => !names.is_empty() && names.iter().all(is_type),
                one => is_type(one),
            },
            "required" => value
                .as_array()
                .is_some_and(|names| names.iter().all(Value::is_string)),
            "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties"
            | "maxProperties" => value.as_u64().is_some(),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => value.is_number(),
            "uniqueItems" => value.is_boolean(),
            "$defs" if depth > 0 => false,
            "properties" | "$defs" => {
                let inner = value.as_object().ok_or(wrong.clone())?;
                inner
                    .values()
                    .try_for_each(|inner| well_formed(inner, depth + 1))?;
                true
            }
            "additionalProperties" | "propertyNames" | "items" | "not" | "if" | "then" | "else" => {
                well_formed(value, depth + 1)?;
                true
            }
            "allOf" | "anyOf" | "oneOf" | "prefixItems" => {
                let inner = value.as_array().filter(|inner| !inner.is_empty());
                inner
                    .ok_or(wrong.clone())?
                    .iter()
                    .try_for_each(|inner| well_formed(inner, depth + 1))?;
                true
            }
            _ => return Err(Error::Schema("it has a keyword that is not read here")),
        };
        if !good {
            return Err(wrong);
        }
    }
    Ok(())
}

fn is_type(name: &Value) -> bool {
    matches!(
        name.as_str(),
        Some("null" | "boolean" | "object" | "array" | "number" | "string" | "integer")
    )
}

struct Judge<'a> {
    root: &'a Value,
    left: usize,
}

impl Judge<'_> {
    fn allows(&mut self, schema: &Value, value: &Value, depth: usize) -> Result<bool, Error> {
        self.left = self
            .left
            .checked_sub(1)
            .filter(|_| depth <= MAX_DEPTH * 2)
            .ok_or(Error::Schema("it takes more work than is allowed"))?;
        let rules = match schema {
            Value::Bool(all) => return Ok(*all),
            Value::Object(rules) => rules,
            _ => return Err(Error::Schema("a part of it is no schema")),
        };
        for (name, rule) in rules {
            if !self.rule(rules, name, rule, value, depth + 1)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn rule(
        &mut self,
        rules: &Map<String, Value>,
        name: &str,
        rule: &Value,
        value: &Value,
        depth: usize,
    ) -> Result<bool, Error> {
        let count = |of: Option<usize>, good: fn(u64, u64) -> bool| match (of, rule.as_u64()) {
            (Some(of), Some(limit)) => good(u64::try_from(of).unwrap_or(u64::MAX), limit),
            _ => true,
        };
        let letters = || value.as_str().map(|text| text.chars().count());
        let items = || value.as_array().map(Vec::len);
        let members = || value.as_object().map(Map::len);
        let number = |good: fn(f64, f64) -> bool| match (value.as_f64(), rule.as_f64()) {
            (Some(number), Some(limit)) => good(number, limit),
            _ => true,
        };
        let least = |of: u64, limit: u64| of >= limit;
        let most = |of: u64, limit: u64| of <= limit;
        Ok(match name {
            "$ref" => {
                let place = rule.as_str().and_then(|place| place.strip_prefix('#'));
                let root = self.root;
                let inner = place.and_then(|place| root.pointer(place));
                let inner = inner.ok_or(Error::Schema("a reference leads to nothing"))?;
                self.allows(inner, value, depth)?
            }
            "type" => match rule {
                Value::Array(names) => names.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "const" => self.same(rule, value)?,
            "enum" => self.any(rule, |judge, one| judge.same(one, value))?,
            "minLength" => count(letters(), least),
            "maxLength" => count(letters(), most),
            "minItems" => count(items(), least),
            "maxItems" => count(items(), most),
            "minProperties" => count(members(), least),
            "maxProperties" => count(members(), most),
            "minimum" => number(|number, limit| number >= limit),
            "maximum" => number(|number, limit| number <= limit),
            "exclusiveMinimum" => number(|number, limit| number > limit),
            "exclusiveMaximum" => number(|number, limit| number < limit),
            "uniqueItems" => rule != &Value::Bool(true) || self.unique(value)?,
            "required" => value.as_object().is_none_or(|members| {
                let names = rule.as_array().into_iter().flatten();
                names
                    .filter_map(Value::as_str)
                    .all(|name| members.contains_key(name))
            }),
            "properties" | "additionalProperties" | "propertyNames" => {
                self.properties(rules, name, rule, value, depth)?
            }
            "items" | "prefixItems" => self.items(rules, name, rule, value, depth)?,
            "allOf" => {
                let parts = rule.as_array().into_iter().flatten();
                self.each(parts, |judge, part| judge.allows(part, value, depth))?
            }
            "anyOf" => self.any(rule, |judge, part| judge.allows(part, value, depth))?,
            "oneOf" => {
                let mut found = 0_usize;
                for part in rule.as_array().into_iter().flatten() {
                    found += usize::from(self.allows(part, value, depth)?);
                }
                found == 1
            }
            "not" => !self.allows(rule, value, depth)?,
            "if" => {
                let branch = if self.allows(rule, value, depth)? {
                    "then"
                } else {
                    "else"
                };
                match rules.get(branch) {
                    Some(branch) => self.allows(branch, value, depth)?,
                    None => true,
                }
            }
            _ => true,
        })
    }

    fn properties(
        &mut self,
        rules: &Map<String, Value>,
        name: &str,
        rule: &Value,
        value: &Value,
        depth: usize,
    ) -> Result<bool, Error> {
        let known = rules.get("properties").and_then(Value::as_object);
        let Some(members) = value.as_object() else {
            return Ok(true);
        };
        self.each(members.iter(), |judge, (member, value)| {
            let own = known.and_then(|known| known.get(member));
            match (name, own) {
                ("properties", Some(own)) => judge.allows(own, value, depth),
                ("additionalProperties", None) => judge.allows(rule, value, depth),
                ("propertyNames", _) => judge.allows(rule, &Value::from(member.as_str()), depth),
                _ => Ok(true),
            }
        })
    }

    fn items(
        &mut self,
        rules: &Map<String, Value>,
        name: &str,
        rule: &Value,
        value: &Value,
        depth: usize,
    ) -> Result<bool, Error> {
        let Some(items) = value.as_array() else {
            return Ok(true);
        };
        let first = rules.get("prefixItems").and_then(Value::as_array);
        if name == "prefixItems" {
            let pairs = first.into_iter().flatten().zip(items);
            return self.each(pairs, |judge, (part, item)| judge.allows(part, item, depth));
        }
        let rest = items.iter().skip(first.map_or(0, Vec::len));
        self.each(rest, |judge, item| judge.allows(rule, item, depth))
    }

    fn each<T>(
        &mut self,
        all: impl Iterator<Item = T>,
        mut good: impl FnMut(&mut Self, T) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        for one in all {
            if !good(self, one)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn any(
        &mut self,
        rule: &Value,
        mut good: impl FnMut(&mut Self, &Value) -> Result<bool, Error>,
    ) -> Result<bool, Error> {
        for one in rule.as_array().into_iter().flatten() {
            if good(self, one)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn unique(&mut self, value: &Value) -> Result<bool, Error> {
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        for (place, item) in items.iter().enumerate() {
            for other in items.iter().skip(place + 1) {
                if self.same(item, other)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Equality of JSON Schema: `1` and `1.0` are the same number.
    fn same(&mut self, a: &Value, b: &Value) -> Result<bool, Error> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(Error::Schema("it takes more work than is allowed"))?;
        match (a, b) {
            (Value::Number(a), Value::Number(b)) => Ok(a == b || a.as_f64() == b.as_f64()),
            (Value::Array(a), Value::Array(b)) => Ok(a.len() == b.len()
                && self.each(a.iter().zip(b), |judge, (a, b)| judge.same(a, b))?),
            (Value::Object(a), Value::Object(b)) => Ok(a.len() == b.len()
                && self.each(a.iter(), |judge, (name, a)| match b.get(name) {
                    Some(b) => judge.same(a, b),
                    None => Ok(false),
                })?),
            (Value::String(a), Value::String(b)) => Ok(a == b),
            (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
            (Value::Null, Value::Null) => Ok(true),
            _ => Ok(false),
        }
    }
}

fn is(value: &Value, name: &Value) -> bool {
    match (name.as_str(), value) {
        (Some("null"), Value::Null)
        | (Some("boolean"), Value::Bool(_))
        | (Some("object"), Value::Object(_))
        | (Some("array"), Value::Array(_))
        | (Some("number"), Value::Number(_))
        | (Some("string"), Value::String(_)) => true,
        (Some("integer"), Value::Number(number)) => {
            number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        _ => false,
    }
}
