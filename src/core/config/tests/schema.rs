//! As much of JSON Schema 2020-12 as `docs/config.schema.json` uses. Any other keyword panics.
//! <https://json-schema.org/draft/2020-12/json-schema-validation>

use regex_lite::Regex;
use serde_json::Value;

pub struct Schema(Value);

impl Schema {
    /// `docs/config.schema.json`.
    pub fn ours() -> Self {
        Self(serde_json::from_str(include_str!("../../../../docs/config.schema.json")).unwrap())
    }

    pub fn is_valid(&self, value: &Value) -> bool {
        self.holds(&self.0, value)
    }

    /// Every field, named as the reader names it.
    pub fn fields(&self) -> Vec<String> {
        let mut fields = vec![];
        collect(&self.0, "", &mut fields);
        fields
    }

    /// Every top-level field without a description.
    pub fn undescribed(&self) -> Vec<&String> {
        let fields = self.0["properties"].as_object().unwrap();
        fields.iter().filter(|(_, field)| !field["description"].is_string()).map(|(name, _)| name).collect()
    }

    fn holds(&self, schema: &Value, value: &Value) -> bool {
        if let Some(all) = schema.as_bool() {
            return all;
        }
        let schema = schema.as_object().unwrap();
        schema.iter().all(|(keyword, rule)| match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "default" | "then" | "else" => true,
            "$ref" => self.holds(self.0.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap(), value),
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_a(one, value)),
                one => is_a(one, value),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "not" => !self.holds(rule, value),
            "allOf" => rule.as_array().unwrap().iter().all(|schema| self.holds(schema, value)),
            "anyOf" => rule.as_array().unwrap().iter().any(|schema| self.holds(schema, value)),
            "if" => match schema.get(if self.holds(rule, value) { "then" } else { "else" }) {
                Some(schema) => self.holds(schema, value),
                None => true,
            },
            "pattern" => value.as_str().is_none_or(|text| Regex::new(rule.as_str().unwrap()).unwrap().is_match(text)),
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "maximum" => value.as_i64().is_none_or(|number| number <= rule.as_i64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "items" => value.as_array().is_none_or(|items| items.iter().all(|item| self.holds(rule, item))),
            "contains" => value.as_array().is_none_or(|items| items.iter().any(|item| self.holds(rule, item))),
            "required" => value.as_object().is_none_or(|fields| {
                rule.as_array().unwrap().iter().all(|it| fields.contains_key(it.as_str().unwrap()))
            }),
            "properties" => value.as_object().is_none_or(|fields| {
                fields.iter().all(|(name, member)| rule.get(name).is_none_or(|schema| self.holds(schema, member)))
            }),
            "additionalProperties" => value.as_object().is_none_or(|fields| {
                fields.iter().all(|(name, member)| {
                    schema.get("properties").is_some_and(|known| known.get(name).is_some()) || self.holds(rule, member)
                })
            }),
            unknown => panic!("the schema says {unknown}, which is not checked"),
        })
    }
}

fn collect(schema: &Value, prefix: &str, fields: &mut Vec<String>) {
    for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{prefix}{name}");
        let inner = schema.get("items").filter(|items| items["properties"].is_object()).unwrap_or(schema);
        collect(inner, &format!("{path}."), fields);
        fields.push(path);
    }
}

fn is_a(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        unknown => panic!("{unknown} is not a type"),
    }
}
