//! What the API's document says of bodies and limits is what the program goes by: what is one too many is refused, what is
//! just enough is not, what is required is missed, and a merge patch takes null wherever the document does.

use crate::documented_examples::{Call, Printed};
use crate::harness::{Answer, request};
use serde_json::{Map, Value, json};

/// Codes that say of a value that it is too much.
const TOO_MUCH: &[&str] = &[
    "too_long",
    "too_many",
    "too_many_lines",
    "too_many_tags",
    "invalid_tag",
    "invalid_metadata",
    "invalid_quantity",
];
/// Bodies where one of several fields is required, which a list of names cannot say.
const ONE_OF_SEVERAL: &[&str] = &["CustomerFields", "Replay", "SubscriptionReplay"];

/// A schema behind its references and choices, with its name.
fn resolved<'a>(api: &'a Value, schema: &'a Value) -> (&'a Value, &'a str) {
    if let Some(to) = schema["$ref"].as_str() {
        return (api.pointer(to.trim_start_matches('#')).unwrap(), to.rsplit('/').next().unwrap());
    }
    let options = schema["oneOf"].as_array();
    let option = options.and_then(|options| options.iter().find(|option| option["type"] != "null"));
    option.map_or((schema, ""), |option| resolved(api, option))
}

/// What to send at a place: just enough, and one that has to be refused.
struct Bound {
    at: String,
    just: Value,
    beyond: Value,
}

/// The bounds below `at`; `example` is a body that fits.
fn bounded(api: &Value, schema: &Value, example: &Value, at: &str, found: &mut Vec<Bound>) {
    let (schema, _) = resolved(api, schema);
    let number = |name: &str| schema[name].as_u64();
    let mut add = |just: Value, beyond: Value| found.push(Bound { at: at.to_owned(), just, beyond });
    let letters = |n: usize| "x".repeat(n);
    if number("maxLength").is_some() {
        let most = number_of(schema, "maxLength");
        add(json!(letters(most)), json!(letters(most + 1)));
    }
    if let Some(most) = number("maximum") {
        add(json!(most), json!(most + 1));
        add(json!(1), json!(0));
    }
    if let Some(most) = number("maxProperties") {
        let map =
            |n: u64| Value::Object((0..n).map(|i| (format!("k{i}"), json!("1"))).collect::<Map<_, _>>());
        add(map(most), map(most + 1));
    }
    if schema.get("propertyNames").is_some() {
        let key = number_of(&schema["propertyNames"], "maxLength");
        add(json!({letters(key): "1"}), json!({letters(key + 1): "1"}));
        let value = number_of(&schema["additionalProperties"], "maxLength");
        add(json!({"k": letters(value)}), json!({"k": letters(value + 1)}));
    }
    if let Some(most) = number("maxItems") {
        // Texts each once, since the same one twice is one.
        let item = |i: u64| match example.pointer(&format!("{at}/0")) {
            Some(Value::String(_)) | None => json!(format!("t{i}")),
            Some(item) => item.clone(),
        };
        let list = |n: u64| json!((0..n).map(item).collect::<Vec<_>>());
        add(list(most), list(most + 1));
        if schema["minItems"] == 1 {
            add(list(1), json!([]));
        }
    }
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        bounded(api, field, example, &format!("{at}/{name}"), found);
    }
    if let Some(items) = schema.get("items") {
        bounded(api, items, example, &format!("{at}/0"), found);
    }
}

fn number_of(schema: &Value, name: &str) -> usize {
    usize::try_from(schema[name].as_u64().unwrap_or_else(|| panic!("{name}: {schema}"))).unwrap()
}

/// Puts a value into a body, with the objects and lists around it.
fn put(body: &mut Value, at: &str, value: Value) {
    let mut place = body;
    for part in at.split('/').skip(1) {
        place = match part.parse::<usize>() {
            Ok(_first) => {
                if place.get(0).is_none() {
                    *place = json!([null]);
                }
                &mut place[0]
            }
            Err(_name) => &mut place[part],
        };
    }
    *place = value;
}

/// Whether an answer finds fault with this place for such a reason.
fn is_wrong_at(answer: &Answer, at: &str, codes: Option<&[&str]>) -> bool {
    if answer.status < 400 {
        return false;
    }
    answer.json()["errors"].as_array().into_iter().flatten().any(|fault| {
        let pointer = fault["pointer"].as_str().unwrap();
        let is_there = !pointer.is_empty() && (at.starts_with(pointer) || pointer.starts_with(at));
        is_there && codes.is_none_or(|codes| codes.contains(&fault["code"].as_str().unwrap()))
    })
}

/// The operation that a call of the page is of.
fn operation<'a>(api: &'a Value, call: &Call) -> &'a Value {
    let path = call.path.split('?').next().unwrap();
    let fits = |template: &str| {
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(|(t, p)| t == p || t.starts_with('{'))
    };
    let paths = api["paths"].as_object().unwrap().iter();
    // One that is written out goes before one with places.
    let found =
        paths.filter(|(template, item)| fits(template) && item.get(call.method.to_lowercase()).is_some());
    let found = found.min_by_key(|(template, _)| template.matches('{').count());
    &found.unwrap_or_else(|| panic!("{call:?}")).1[call.method.to_lowercase()]
}

#[test]
fn documented_bounds_are_those_that_are_kept() {
    let mut printed = Printed::open();
    let api = request(&format!("{}/api/openapi.json", printed.shop.url), "GET", &[], None).expect(200).json();
    let mut tried = 0;
    for call in printed.calls() {
        let operation = operation(&api, &call);
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            if parameter["name"] == "limit" {
                let most = parameter["schema"]["maximum"].as_u64().unwrap();
                assert_eq!(parameter["schema"]["minimum"], 1, "{call:?}");
                let path = call.path.split('?').next().unwrap();
                for (limit, fits) in [(0, false), (1, true), (most, true), (most + 1, false)] {
                    let asked = Call { path: format!("{path}?limit={limit}"), ..call.clone() };
                    let answer = printed.send(&asked);
                    assert_eq!(answer.status == 200, fits, "{asked:?} {}", answer.body);
                    assert!(fits || answer.code() == "invalid_limit", "{asked:?} {}", answer.body);
                }
                tried += 1;
            }
        }
        let Some(body) = &call.body else { continue };
        let content = operation["requestBody"]["content"].as_object().unwrap().values().next().unwrap();
        let (schema, name) = resolved(&api, &content["schema"]);
        let mut bounds = Vec::new();
        bounded(&api, schema, body, "", &mut bounds);
        // Most of what an action on many orders is told is for its job to refuse, order by order.
        bounds.retain(|bound| name != "BulkAction" || bound.at == "/tag");
        tried += bounds.len();
        for Bound { at, just, beyond } in bounds {
            let mut sent = |value: Value| {
                let mut changed = Call { body: Some(body.clone()), ..call.clone() };
                let body = changed.body.as_mut().unwrap();
                // What is missed beside it would be said alone.
                if at.starts_with("/source/") {
                    body["source"] = json!({"source": "storefront", "id": "A-7"});
                }
                put(body, &at, value);
                printed.send(&changed)
            };
            // What fits may change the record, so that nothing is taken afterwards.
            let (refused, fits) = (sent(beyond), sent(just));
            assert!(!is_wrong_at(&fits, &at, Some(TOO_MUCH)), "{name}{at}: {}", fits.body);
            assert!(is_wrong_at(&refused, &at, None), "{name}{at}: {} {}", refused.status, refused.body);
        }
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap()).collect();
        for field in &required {
            let mut less = call.clone();
            less.body.as_mut().unwrap().as_object_mut().unwrap().remove(*field);
            let answer = printed.send(&less);
            assert!(is_wrong_at(&answer, &format!("/{field}"), None), "{name}/{field}: {}", answer.body);
        }
        let nothing = printed.send(&Call { body: Some(json!({})), ..call.clone() });
        let may_be_empty = ![400, 422].contains(&nothing.status) || ONE_OF_SEVERAL.contains(&name);
        assert_eq!(required.is_empty(), may_be_empty, "{name}: {}", nothing.body);
    }
    assert!(tried > 80, "the document has bounds: {tried}");
}

#[test]
fn a_documented_merge_patch_takes_null_where_the_program_does() {
    let mut printed = Printed::open();
    let api = request(&format!("{}/api/openapi.json", printed.shop.url), "GET", &[], None).expect(200).json();
    let calls = printed.calls();
    let patches: Vec<&Call> = calls.iter().filter(|call| call.method == "PATCH").collect();
    assert!(patches.len() >= 3, "{patches:?}");
    for call in patches {
        let content = &operation(&api, call)["requestBody"]["content"]["application/merge-patch+json"];
        let mut whole = content["schema"].clone();
        whole["components"] = api["components"].clone();
        let validator = jsonschema::draft202012::new(&whole).unwrap();
        let (schema, name) = resolved(&api, &content["schema"]);
        let mut nulls: Vec<Value> =
            schema["properties"].as_object().unwrap().keys().map(|field| json!({field: null})).collect();
        if schema["properties"].get("metadata").is_some() {
            nulls.push(json!({"metadata": {"gone": null}}));
        }
        if schema["properties"].get("billing").is_some() {
            nulls.push(json!({"billing": {"city": null}}));
        }
        for patch in nulls {
            assert!(validator.is_valid(&patch), "{name}: {patch}");
            let answer = printed.send(&Call { body: Some(patch.clone()), ..call.clone() });
            let is_misread = answer.status >= 400 && answer.body.contains("\"wrong_type\"");
            assert!(!is_misread, "{name}: {patch} {}", answer.body);
        }
        assert!(!validator.is_valid(&json!({"no_such_field": null})), "{name}");
    }
    // What is emptied is empty, and what a webhook cannot be without is missed.
    let hook = calls.iter().find(|call| call.method == "PATCH" && call.path.contains("/webhooks/")).unwrap();
    let mut patch = |body: Value| printed.send(&Call { body: Some(body), ..hook.clone() });
    assert_eq!(patch(json!({"note": "Depot"})).expect(200).json()["note"], "Depot");
    assert_eq!(patch(json!({})).expect(200).json()["note"], "Depot");
    assert_eq!(patch(json!({"note": null})).expect(200).json()["note"], "");
    for field in ["url", "kinds"] {
        let refused = patch(json!({field: null})).expect(422);
        assert_eq!(refused.json()["errors"][0]["pointer"], format!("/{field}"));
    }
}
