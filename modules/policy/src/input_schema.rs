//! The JSON Schema of the input document, made from the tables that documents are checked against.

use serde_json::{Map, Value as Json, json};

use crate::{
    AssetKind, VERIFIED,
    input::INPUT_VERSION,
    input_shape::{FACT, Field, INPUT, Provenance, Shape, UNMET_FACT},
};

/// The JSON Schema (2020-12) of the input document.
///
/// `x-provenance` of every leaf says where it comes from: `format`, `attestation`, `action`, `state`, `logs`, `simulation` or
/// `issuer`. What JSON Schema cannot say is in the descriptions: the order of lists, and that integers are exact up to 2^256-1.
#[must_use]
pub fn input_schema() -> Json {
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("Input of a policy, version {INPUT_VERSION}"),
        "description": "What a policy decides on. Integers are exact, from 0 to 2^256-1; read them with more than 53 bits. \
            x-provenance says of every leaf where it comes from; docs/policy-input.md says what that is worth.",
        "$defs": {
            "address": {"type": "string", "pattern": "^0x[0-9a-f]{40}$"},
            "hash": {"type": "string", "pattern": "^0x[0-9a-f]{64}$"},
            "bytes": {"type": "string", "pattern": "^0x([0-9a-f]{2})*$"},
            "selector": {"type": "string", "pattern": "^(0x[0-9a-f]{8})?$"},
            "amount": {"type": "integer", "minimum": 0},
        },
    });
    let root = of(&INPUT, Provenance::Parts);
    if let (Json::Object(schema), Json::Object(root)) = (&mut schema, root) {
        schema.extend(root);
        if let Some(Json::Object(version)) =
            schema.get_mut("properties").and_then(|properties| properties.get_mut("version"))
        {
            version.insert("const".to_owned(), INPUT_VERSION.into());
        }
    }
    schema
}

fn of(shape: &Shape, provenance: Provenance) -> Json {
    let mut schema = match shape {
        Shape::Record(fields) => return record(fields),
        Shape::List(item, most) => return list(item, *most, provenance),
        Shape::Sorted(item, most, _) => {
            let mut schema = list(item, *most, provenance);
            schema["uniqueItems"] = true.into();
            return schema;
        }
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Amount => json!({"$ref": "#/$defs/amount"}),
        Shape::Text => json!({"type": "string"}),
        Shape::Word(words) => json!({"enum": words}),
        Shape::Address => json!({"$ref": "#/$defs/address"}),
        Shape::Hash => json!({"$ref": "#/$defs/hash"}),
        Shape::Bytes => json!({"$ref": "#/$defs/bytes"}),
        Shape::Selector => json!({"$ref": "#/$defs/selector"}),
        Shape::AssetKind => json!({"enum": AssetKind::ALL.map(AssetKind::as_str)}),
        Shape::Any => json!({}),
        Shape::Facts => return facts(),
    };
    if let Some(name) = provenance.name() {
        schema["x-provenance"] = name.into();
    }
    schema
}

/// A fact that holds says so, and only that one does.
fn facts() -> Json {
    let (mut holds, mut fails) =
        (of(&FACT, Provenance::Issuer), of(&UNMET_FACT, Provenance::Issuer));
    holds["properties"]["status"]["const"] = VERIFIED.into();
    fails["properties"]["status"]["not"] = json!({"const": VERIFIED});
    json!({"type": "object", "additionalProperties": {"oneOf": [holds, fails]}})
}

fn list(item: &Shape, most: usize, provenance: Provenance) -> Json {
    json!({"type": "array", "maxItems": most, "items": of(item, provenance)})
}

fn record(fields: &[Field]) -> Json {
    let required: Vec<_> =
        fields.iter().filter(|field| !field.optional).map(|field| field.name).collect();
    let properties: Map<_, _> = fields
        .iter()
        .map(|field| {
            let mut schema = of(&field.shape, field.provenance);
            schema["description"] = field.about.into();
            (field.name.to_owned(), schema)
        })
        .collect();
    json!({
        "type": "object",
        "required": required,
        "additionalProperties": false,
        "properties": properties,
    })
}

#[cfg(test)]
#[path = "input_schema_tests.rs"]
mod tests;
