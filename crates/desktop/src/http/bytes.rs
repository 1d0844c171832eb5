//! Bodies that are no JSON, in the OpenAPI document.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, SchemaFormat, Type, schema::Schema},
};

/// A body of bytes as the OpenAPI document names it, so that clients send and get a blob; no value of it exists.
pub(crate) enum Bytes {}

impl PartialSchema for Bytes {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .description(Some("Bytes as they are."))
            .into()
    }
}

impl ToSchema for Bytes {}
