//! Checks a value against a JSON schema: the keywords that the schema of
//! network files uses, and no others. An unknown keyword is a problem, so that
//! the schema cannot say something that nobody checks.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// Keywords that only inform; `format` does so unless a checker is told otherwise.
const INFORM: [&str; 6] = ["$schema", "$defs", "title", "description", "default", "format"];

/// Everything in `value` that the schema does not allow: a path and a reason.
pub(crate) fn problems(schema: &Value, value: &Value) -> Vec<String> {
    let mut checker = Checker { root: schema, problems: Vec::new() };
    checker.check(schema, value, "");
    checker.problems
}

struct Checker<'a> {
    root: &'a Value,
    problems: Vec<String>,
}

impl<'a> Checker<'a> {
    fn check(&mut self, schema: &'a Value, value: &Value, path: &str) {
        match schema {
            Value::Bool(true) => {}
            Value::Object(keywords) => {
                for (keyword, rule) in keywords {
                    self.keyword(keywords, keyword, rule, value, path);
                }
            }
            _ => self.problem(path, "nothing is allowed here"),
        }
    }

    fn problem(&mut self, path: &str, reason: impl AsRef<str>) {
        let path = if path.is_empty() { "the file" } else { path };
        self.problems.push(format!("{path}: {}", reason.as_ref()));
    }

    fn keyword(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        rule: &'a Value,
        value: &Value,
        path: &str,
    ) {
        match keyword {
            "$ref" => self.reference(rule, value, path),
            "type" | "const" | "enum" => self.one_of_values(keyword, rule, value, path),
            "minimum" | "maximum" | "minLength" | "maxLength" | "minItems" | "maxItems"
            | "minProperties" | "pattern" => {
                self.bound(keyword, rule, value, path);
            }
            "allOf" => {
                for branch in rule.as_array().into_iter().flatten() {
                    self.check(branch, value, path);
                }
            }
            "anyOf" => self.any_of(rule, value, path),
            "not" => {
                if self.problems_of(rule, value, path).is_empty() {
                    self.problem(path, format!("{value} may not keep {rule}"));
                }
            }
            "if" => {
                if let Some(then) = schema.get("then")
                    && self.problems_of(rule, value, path).is_empty()
                {
                    self.check(then, value, path);
                }
            }
            // Read together with its `if`.
            "then" => {}
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{path}[{index}]"));
                }
            }
            "required" | "properties" | "additionalProperties" | "propertyNames" => {
                if let Some(table) = value.as_object() {
                    self.table(schema, keyword, rule, table, path);
                }
            }
            _ if INFORM.contains(&keyword) => {}
            _ => self.problem(path, format!("the schema's keyword `{keyword}` is unknown here")),
        }
    }

    fn reference(&mut self, rule: &'a Value, value: &Value, path: &str) {
        let target = rule.as_str().and_then(|text| text.strip_prefix('#'));
        match target.and_then(|pointer| self.root.pointer(pointer)) {
            Some(schema) => self.check(schema, value, path),
            None => self.problem(path, format!("the schema's reference {rule} leads nowhere")),
        }
    }

    fn one_of_values(&mut self, keyword: &str, rule: &Value, value: &Value, path: &str) {
        let holds = match keyword {
            "type" => has_type(rule.as_str().unwrap_or_default(), value),
            "const" => rule == value,
            _ => rule.as_array().is_some_and(|allowed| allowed.contains(value)),
        };
        if !holds {
            self.problem(path, format!("{value} is not of the {keyword} {rule}"));
        }
    }

    fn bound(&mut self, keyword: &str, rule: &Value, value: &Value, path: &str) {
        let number = || value.as_f64().zip(rule.as_f64());
        let length = || {
            let length = match value {
                Value::String(text) if keyword.ends_with("Length") => text.chars().count(),
                Value::Array(items) if keyword.ends_with("Items") => items.len(),
                Value::Object(table) if keyword.ends_with("Properties") => table.len(),
                _ => return None,
            };
            Some((u64::try_from(length).ok()?, rule.as_u64()?))
        };
        let broken = match keyword {
            "minimum" => number().is_some_and(|(found, least)| found < least),
            "maximum" => number().is_some_and(|(found, most)| found > most),
            "minLength" | "minItems" | "minProperties" => {
                length().is_some_and(|(found, least)| found < least)
            }
            "maxLength" | "maxItems" => length().is_some_and(|(found, most)| found > most),
            _ => value.as_str().is_some_and(|text| {
                let pattern = Regex::new(rule.as_str().unwrap_or_default());
                !pattern.is_ok_and(|pattern| pattern.is_match(text))
            }),
        };
        if broken {
            self.problem(path, format!("{value} does not keep the {keyword} {rule}"));
        }
    }

    fn problems_of(&self, schema: &'a Value, value: &Value, path: &str) -> Vec<String> {
        let mut checker = Checker { root: self.root, problems: Vec::new() };
        checker.check(schema, value, path);
        checker.problems
    }

    /// Where no branch fits, the problems of the nearest one are the most
    /// helpful.
    fn any_of(&mut self, rule: &'a Value, value: &Value, path: &str) {
        let branches = rule.as_array().into_iter().flatten();
        let nearest = branches
            .map(|branch| self.problems_of(branch, value, path))
            .min_by_key(Vec::len)
            .unwrap_or_default();
        if !nearest.is_empty() {
            self.problem(path, "fits none of what is allowed; the nearest says:");
            self.problems.extend(nearest);
        }
    }

    fn table(
        &mut self,
        schema: &'a Map<String, Value>,
        keyword: &str,
        rule: &'a Value,
        table: &Map<String, Value>,
        path: &str,
    ) {
        if keyword == "required" {
            let names = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
            for name in names.filter(|name| !table.contains_key(*name)) {
                self.problem(path, format!("the key `{name}` is missing"));
            }
            return;
        }
        let known = schema.get("properties").and_then(Value::as_object);
        for (key, value) in table {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let property = known.and_then(|properties| properties.get(key));
            match (keyword, property) {
                ("properties", Some(property)) => self.check(property, value, &inner),
                ("additionalProperties", None) => self.check(rule, value, &inner),
                ("propertyNames", _) => self.check(rule, &Value::from(key.as_str()), &inner),
                _ => {}
            }
        }
    }
}

fn has_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        _ => false,
    }
}

/// A TOML value as JSON; moments become texts.
pub(crate) fn from_toml(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::from(text.as_str()),
        toml::Value::Integer(number) => Value::from(*number),
        toml::Value::Float(number) => Value::from(*number),
        toml::Value::Boolean(flag) => Value::from(*flag),
        toml::Value::Datetime(moment) => Value::from(moment.to_string()),
        toml::Value::Array(items) => items.iter().map(from_toml).collect(),
        toml::Value::Table(table) => {
            table.iter().map(|(key, value)| (key.clone(), from_toml(value))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(schema: &Value, value: &Value, expected: &[&str]) {
        // In which order the keywords of a schema come is not promised.
        let mut found = problems(schema, value);
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_keyword_holds_and_breaks() {
        let schema = json!({
            "type": "object", "required": ["a"], "additionalProperties": false,
            "minProperties": 2, "format": "anything",
            "propertyNames": { "maxLength": 1 },
            "properties": {
                "a": { "type": "integer", "minimum": 1, "maximum": 3 },
                "b": { "type": "string", "pattern": "^x", "minLength": 2 },
                "c": { "type": "array", "items": { "enum": ["p", "q"] }, "minItems": 1 },
                "d": { "$ref": "#/$defs/d" },
                "e": { "not": { "type": "integer" } },
            },
            "$defs": { "d": { "anyOf": [{ "const": 1 }, { "type": "boolean" }] } },
        });
        check(&schema, &json!({ "a": 2, "b": "xy", "c": ["p"], "d": true, "e": "1" }), &[]);
        check(
            &schema,
            &json!({ "a": 1 }),
            &[r#"the file: {"a":1} does not keep the minProperties 2"#],
        );
        check(&schema, &json!({ "a": 1, "e": 1 }), &[r#"e: 1 may not keep {"type":"integer"}"#]);
        check(
            &schema,
            &json!({ "b": "x", "c": [] }),
            &[
                r#"b: "x" does not keep the minLength 2"#,
                "c: [] does not keep the minItems 1",
                "the file: the key `a` is missing",
            ],
        );
        check(
            &schema,
            &json!({ "a": 4, "b": "yy", "c": ["r"], "d": 2, "ee": 0 }),
            &[
                "ee: nothing is allowed here",
                "a: 4 does not keep the maximum 3",
                r#"b: "yy" does not keep the pattern "^x""#,
                r#"c[0]: "r" is not of the enum ["p","q"]"#,
                "d: fits none of what is allowed; the nearest says:",
                "d: 2 is not of the const 1",
                r#"ee: "ee" does not keep the maxLength 1"#,
            ],
        );
        check(&schema, &json!([]), &[r#"the file: [] is not of the type "object""#]);
    }

    #[test]
    fn a_condition_chooses() {
        let when = |id: &str, key: &str| {
            let condition = json!({ "properties": { "id": { "const": id } } });
            json!({ "if": condition, "then": { "required": [key] } })
        };
        let schema = json!({ "allOf": [when("a", "x"), when("b", "y")] });
        check(&schema, &json!({ "id": "a", "x": 1 }), &[]);
        check(&schema, &json!({ "id": "b", "x": 1 }), &["the file: the key `y` is missing"]);
        check(&schema, &json!({ "id": "c" }), &[]);
    }

    #[test]
    fn an_unknown_keyword_is_a_problem() {
        let schema = json!({ "multipleOf": 2 });
        check(&schema, &json!(2), &["the file: the schema's keyword `multipleOf` is unknown here"]);
    }

    #[test]
    fn moments_become_texts() {
        let table: toml::Table = "a = 2026-01-31T00:00:00Z\nb = [1.5, true]".parse().unwrap();
        let json = from_toml(&toml::Value::Table(table));
        assert_eq!(json, json!({ "a": "2026-01-31T00:00:00Z", "b": [1.5, true] }));
    }
}
