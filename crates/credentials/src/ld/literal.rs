//! Values as literals (JSON-LD 1.1 API §8.2.2).

use std::sync::Arc;

use serde_json::{Map, Number, Value};

use super::{
    context::Active,
    define::Meaning,
    iri::{is_absolute, is_language},
    rdf::{Object, RDF},
};
use crate::Error;

const XSD: &str = "http://www.w3.org/2001/XMLSchema#";

/// `{"@value": …}` with its type or language. The direction of a text is in no graph: `directions` says whether it may stand there.
pub(super) fn value_object(
    active: &Active,
    object: &Map<String, Value>,
    directions: bool,
) -> Result<Object, Error> {
    let mut datatype = None;
    let mut language = None;
    let mut json = false;
    let mut directed = false;
    for (name, value) in object {
        match (name.as_str(), value) {
            ("@value", _) => {}
            ("@language", Value::String(tag)) if is_language(tag) => {
                language = Some(tag.as_str().into());
            }
            ("@direction", Value::String(way))
                if directions && matches!(way.as_str(), "ltr" | "rtl") =>
            {
                directed = true;
            }
            ("@type", Value::String(text)) if text == "@json" => json = true,
            ("@type", Value::String(text)) => match active.expand(text)? {
                Meaning::Iri(iri) => datatype = Some(iri),
                _ => return Err(Error::ld("a type that is a keyword", text)),
            },
            _ => return Err(Error::ld("a part of a value that no graph keeps", name)),
        }
    }
    let value = object.get("@value").unwrap_or(&Value::Null);
    if directed && (json || datatype.is_some() || !value.is_string()) {
        return Err(Error::ld(
            "a direction for what is no plain text",
            "@direction",
        ));
    }
    if json {
        return match language {
            None => json_literal(value),
            Some(_) => Err(Error::ld("JSON in a language", "@language")),
        };
    }
    match (value, language, datatype) {
        (Value::String(text), Some(language), None) => Ok(Object::Literal {
            text: text.clone(),
            datatype: None,
            language: Some(language),
        }),
        (_, Some(_), _) => Err(Error::ld(
            "a language for what is no plain text",
            "@language",
        )),
        (value, None, datatype) => literal(value, datatype),
    }
}

pub(super) fn json_literal(value: &Value) -> Result<Object, Error> {
    let text =
        serde_json_canonicalizer::to_string(value).map_err(|e| Error::Syntax(e.to_string()))?;
    Ok(Object::Literal {
        text,
        datatype: Some(format!("{RDF}JSON").into()),
        language: None,
    })
}

/// A native value as a literal (JSON-LD 1.1 API §8.2.2).
pub(super) fn literal(value: &Value, datatype: Option<Arc<str>>) -> Result<Object, Error> {
    let double = || Arc::from(format!("{XSD}double"));
    let (text, native) = match value {
        Value::String(text) => (text.clone(), None),
        Value::Bool(flag) => (flag.to_string(), Some(Arc::from(format!("{XSD}boolean")))),
        Value::Number(number) => match whole(number) {
            Some(text) if datatype.as_deref() != Some(&*double()) => {
                (text, Some(Arc::from(format!("{XSD}integer"))))
            }
            _ => (canonical_double(number)?, Some(double())),
        },
        _ => return Err(Error::ld("a value that is no literal", "@value")),
    };
    let datatype = datatype
        .or(native)
        .filter(|iri| **iri != *format!("{XSD}string"));
    if datatype.as_deref().is_some_and(|iri| !is_absolute(iri)) {
        return Err(Error::ld("a datatype that is no IRI", "@type"));
    }
    Ok(Object::Literal {
        text,
        datatype,
        language: None,
    })
}

/// The digits of a number without a fraction, below 10^21.
fn whole(number: &Number) -> Option<String> {
    if let Some(n) = number.as_i64() {
        return Some(n.to_string());
    }
    let n = number.as_f64()?;
    (n.fract() == 0.0 && n.abs() < 1e21).then(|| format!("{:.0}", n + 0.0))
}

fn canonical_double(number: &Number) -> Result<String, Error> {
    let n = number
        .as_f64()
        .ok_or_else(|| Error::ld("a number out of range", "@value"))?;
    let text = format!("{n:.15E}");
    let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
    let mantissa = mantissa.trim_end_matches('0');
    let dot = if mantissa.ends_with('.') { "0" } else { "" };
    Ok(format!("{mantissa}{dot}E{exponent}"))
}
