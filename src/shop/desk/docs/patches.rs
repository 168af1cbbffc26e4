//! What a JSON merge patch may send (RFC 7396), made from the fields that it changes: each of them or null, also inside
//! objects, and none is required. Lists are replaced whole, so what is inside them is as it is elsewhere.

use utoipa::openapi::schema::{AdditionalProperties, SchemaType};
use utoipa::openapi::{Components, Object, OneOf, OpenApi, Ref, RefOr, Schema, Type};

const MEDIA_TYPE: &str = "application/merge-patch+json";
const MEANING: &str =
    "A JSON merge patch (RFC 7396): absent leaves, `null` empties, objects are merged key by key.";

/// Gives every operation that takes a merge patch a schema that says so, and drops those that nothing names any more.
pub(super) fn complete(api: &mut OpenApi) {
    let Some(components) = &mut api.components else { return };
    let mut replaced = Vec::new();
    for operation in api.paths.paths.values_mut().filter_map(|item| item.patch.as_mut()) {
        let Some(RefOr::T(body)) = &mut operation.request_body else { continue };
        let Some(RefOr::T(content)) = body.content.get_mut(MEDIA_TYPE) else { continue };
        if let Some(RefOr::Ref(fields)) = &mut content.schema {
            replaced.extend(name_of(fields).map(str::to_owned));
            *fields = patch_of(fields, components);
        }
    }
    let text = serde_json::to_string(api).unwrap();
    let Some(components) = &mut api.components else { return };
    for name in replaced {
        if !text.contains(&format!("\"{}\"", Ref::from_schema_name(&name).ref_location)) {
            components.schemas.remove(&name);
        }
    }
}

fn name_of(fields: &Ref) -> Option<&str> {
    fields.ref_location.rsplit('/').next()
}

/// The patch of a schema that has a name, under a name of its own.
fn patch_of(fields: &Ref, components: &mut Components) -> Ref {
    let name = name_of(fields).unwrap_or_default();
    let patch = format!("{}Patch", name.strip_suffix("Fields").unwrap_or(name));
    if !components.schemas.contains_key(&patch) {
        let Some(RefOr::T(Schema::Object(object))) = components.schemas.get(name).cloned() else {
            panic!("{name} has no fields");
        };
        let object = patched(object, components);
        components.schemas.insert(patch.clone(), RefOr::T(Schema::Object(object)));
    }
    Ref::from_schema_name(patch)
}

fn patched(mut object: Object, components: &mut Components) -> Object {
    let own = object.description.take().unwrap_or_default();
    object.description = Some(format!("{own}\n\n{MEANING}").trim().to_owned());
    object.required.clear();
    for schema in object.properties.values_mut() {
        *schema = or_null(schema.clone(), components);
    }
    object
}

/// The same value, or null. What is absent stays: there is no default.
fn or_null(schema: RefOr<Schema>, components: &mut Components) -> RefOr<Schema> {
    let schema = match schema {
        RefOr::Ref(to) => {
            let mut choice = OneOf::new();
            choice.items = vec![patch_of(&to, components).into(), Object::with_type(Type::Null).into()];
            Schema::OneOf(choice)
        }
        RefOr::T(Schema::OneOf(mut choice)) => {
            choice.default = None;
            for item in &mut choice.items {
                if let RefOr::Ref(to) = item {
                    *to = patch_of(to, components);
                }
            }
            Schema::OneOf(choice)
        }
        RefOr::T(Schema::Object(mut value)) => {
            value.default = None;
            // Keys that go away are no keys of what it comes to.
            value.max_properties = None;
            value.schema_type = with_null(value.schema_type);
            if let Some(AdditionalProperties::RefOr(inner)) = value.additional_properties.as_deref_mut() {
                *inner = or_null(inner.clone(), components);
            }
            Schema::Object(value)
        }
        RefOr::T(Schema::Array(mut list)) => {
            list.default = None;
            list.schema_type = with_null(list.schema_type);
            Schema::Array(list)
        }
        RefOr::T(other) => panic!("no patch of this: {}", serde_json::to_string(&other).unwrap()),
    };
    RefOr::T(schema)
}

fn with_null(kinds: SchemaType) -> SchemaType {
    let mut kinds = match kinds {
        SchemaType::Type(kind) => vec![kind],
        SchemaType::Array(kinds) => kinds,
        SchemaType::AnyValue => return SchemaType::AnyValue,
    };
    if !kinds.contains(&Type::Null) {
        kinds.push(Type::Null);
    }
    SchemaType::Array(kinds)
}
