//! Taking a JSON value apart, with the place of every mistake.

use serde_json::{Map, Value};

use crate::{Refusal, refusal::shown, text};

/// A value and its place in the manifest.
#[derive(Clone, Debug)]
pub(super) struct Field<'v> {
    pub(super) at: String,
    pub(super) value: &'v Value,
}

/// An object whose members are all known ones.
pub(super) struct Object<'v> {
    at: String,
    members: &'v Map<String, Value>,
}

impl<'v> Field<'v> {
    pub(super) fn wrong(&self, reason: impl Into<String>) -> Refusal {
        Refusal::manifest(self.at.clone(), reason)
    }

    fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        }
    }

    fn not(&self, wanted: &str) -> Refusal {
        self.wrong(format!("must be {wanted}, not {}", self.kind()))
    }

    pub(super) fn object(&self, known: &[&str]) -> Result<Object<'v>, Refusal> {
        let Value::Object(members) = self.value else {
            return Err(self.not("an object"));
        };
        for name in members.keys() {
            if !known.contains(&name.as_str()) {
                let at = place(&self.at, &shown(name.as_bytes()));
                let known = known.join(", ");
                return Err(Refusal::manifest(
                    at,
                    format!("is not known here; known are {known}"),
                ));
            }
        }
        Ok(Object {
            at: self.at.clone(),
            members,
        })
    }

    /// An object with exactly one member out of `known`, which tells the case.
    pub(super) fn case(&self, known: &[&str]) -> Result<(&'v str, Field<'v>), Refusal> {
        let object = self.object(known)?;
        let mut members = object.members.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return Err(self.wrong(format!("must have exactly one of {}", known.join(", "))));
        };
        let at = place(&self.at, name);
        Ok((name, Field { at, value }))
    }

    pub(super) fn text(&self) -> Result<&'v str, Refusal> {
        self.value.as_str().ok_or_else(|| self.not("a text"))
    }

    /// A line of text for people.
    pub(super) fn line(&self, most: usize) -> Result<String, Refusal> {
        let line = self.text()?;
        text::check_line(line, most).map_err(|reason| self.wrong(reason))?;
        Ok(line.to_owned())
    }

    pub(super) fn parse<T>(&self) -> Result<T, Refusal>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let text = self.text()?;
        text.parse()
            .map_err(|reason| self.wrong(format!("“{}” {reason}", shown(text.as_bytes()))))
    }

    pub(super) fn one_of<T: Copy>(&self, all: &[(&'static str, T)]) -> Result<T, Refusal> {
        let text = self.text()?;
        crate::permission::value(all, text).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            self.wrong(format!(
                "“{}” is not one of {names}",
                shown(text.as_bytes())
            ))
        })
    }

    pub(super) fn flag(&self) -> Result<bool, Refusal> {
        self.value
            .as_bool()
            .ok_or_else(|| self.not("true or false"))
    }

    pub(super) fn number(&self, from: u64, to: u64) -> Result<u64, Refusal> {
        match self.value.as_u64() {
            Some(number) if (from..=to).contains(&number) => Ok(number),
            _ => Err(self.wrong(format!("must be a whole number from {from} to {to}"))),
        }
    }

    pub(super) fn list(&self, least: usize, most: usize) -> Result<Vec<Field<'v>>, Refusal> {
        let Value::Array(items) = self.value else {
            return Err(self.not("a list"));
        };
        if items.len() < least {
            return Err(self.wrong("is empty"));
        }
        if items.len() > most {
            return Err(self.wrong(format!("has {} items, {most} are allowed", items.len())));
        }
        let field = |(index, value)| Field {
            at: format!("{}[{index}]", self.at),
            value,
        };
        Ok(items.iter().enumerate().map(field).collect())
    }

    /// A list of which no two are equal.
    pub(super) fn distinct<T: PartialEq>(
        &self,
        least: usize,
        most: usize,
        read: impl Fn(&Field<'v>) -> Result<T, Refusal>,
    ) -> Result<Vec<T>, Refusal> {
        let mut out = Vec::new();
        for field in self.list(least, most)? {
            let item = read(&field)?;
            if out.contains(&item) {
                return Err(field.wrong("occurs twice"));
            }
            out.push(item);
        }
        Ok(out)
    }

    /// The path of a file.
    pub(super) fn path(&self) -> Result<String, Refusal> {
        let path = self.text()?;
        crate::path::check(path)
            .map_err(|fault| self.wrong(format!("“{}” {fault}", shown(path.as_bytes()))))?;
        if crate::path::is_meta(path) {
            return Err(self.wrong("lies in META/, which belongs to the format"));
        }
        Ok(path.to_owned())
    }

    /// The path of a folder, with a slash at its end.
    pub(super) fn folder(&self) -> Result<String, Refusal> {
        let Some(path) = self.text()?.strip_suffix('/') else {
            return Err(self.wrong("is a folder and must end with /"));
        };
        let inner = Value::from(path);
        let field = Field {
            at: self.at.clone(),
            value: &inner,
        };
        field.path().map(|path| path + "/")
    }
}

impl<'v> Object<'v> {
    pub(super) fn need(&self, name: &str) -> Result<Field<'v>, Refusal> {
        self.maybe(name)
            .ok_or_else(|| Refusal::manifest(place(&self.at, name), "is missing"))
    }

    pub(super) fn maybe(&self, name: &str) -> Option<Field<'v>> {
        let value = self.members.get(name)?;
        let at = place(&self.at, name);
        Some(Field { at, value })
    }

    /// All members in order of their names.
    pub(super) fn all(&self) -> Vec<(&'v str, Field<'v>)> {
        let mut all: Vec<_> = self
            .members
            .iter()
            .map(|(name, value)| {
                (
                    name.as_str(),
                    Field {
                        at: place(&self.at, name),
                        value,
                    },
                )
            })
            .collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }
}

impl<'v> Field<'v> {
    /// An object with names of the caller's choice.
    pub(super) fn map(&self, most: usize) -> Result<Object<'v>, Refusal> {
        let Value::Object(members) = self.value else {
            return Err(self.not("an object"));
        };
        if members.is_empty() || members.len() > most {
            return Err(self.wrong(format!("must have 1 to {most} members")));
        }
        Ok(Object {
            at: self.at.clone(),
            members,
        })
    }
}

fn place(at: &str, name: &str) -> String {
    if at.is_empty() {
        name.to_owned()
    } else {
        format!("{at}.{name}")
    }
}
