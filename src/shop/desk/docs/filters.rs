//! The filters of lists in the document: every field of the query language as a parameter.

use crate::search::query::Compare;
use crate::search::{FieldDef, Shape};
use crate::shop::customers;
use crate::shop::orders;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn, ParameterStyle};
use utoipa::openapi::schema::ObjectBuilder;
use utoipa::openapi::{Required, Type};

/// The fields of a kind of record.
fn fields_of(kind: &str) -> impl Iterator<Item = &'static FieldDef> {
    customers::FIELDS.iter().chain(orders::FIELDS).filter(move |field| field.kinds.contains(&kind))
}

/// Adds them to a list: one parameter that stands for all, as OpenAPI has it for parameters without fixed names.
pub(super) fn add(list: &mut Operation, kind: &str) {
    let words = Compare::ALL.map(|(word, _)| format!("`{word}`")).join(", ");
    let text = format!(
        "Any field as a parameter of its own, such as `status=open,completed` (any of them), or with a comparison behind \
         it, such as `total[lt]=50` and `placed_at[gte]=2026-11-01`: {words}. Each means what the same term means in `q`: \
         amounts are in major units, days are those of the shop's zone. All must hold. The fields stand at `/api/docs/search`."
    );
    let mut filters = ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(ObjectBuilder::new().schema_type(Type::String)));
    for field in fields_of(kind) {
        let values = match field.shape {
            Shape::Word { values } => format!(" One of {}.", values.join(", ")),
            _ => String::new(),
        };
        let property = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(format!("{}{values}", field.help)))
            .build();
        filters = filters.property(field.name, property);
    }
    let parameter = ParameterBuilder::new()
        .name("filters")
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .style(Some(ParameterStyle::Form))
        .explode(Some(true))
        .description(Some(text))
        .schema(Some(filters))
        .build();
    list.parameters.get_or_insert_default().push(parameter.into());
}
