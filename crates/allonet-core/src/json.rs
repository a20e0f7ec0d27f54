//! JSON whose objects have each key once.
//!
//! JSON leaves open what a second value of a key means, and readers disagree:
//! most take the last, some the first. Where money depends on it, it is refused.
//!
//! ```
//! use allonet_core::json::each_key_once;
//!
//! assert!(each_key_once(r#"{"to": "ann", "more": [{"to": "ben"}]}"#).is_ok());
//! let error = each_key_once(r#"{"more": [{"to": "ann", "to": "ben"}]}"#).unwrap_err();
//! assert_eq!(error.to_string(), "the key `to` stands twice at line 1 column 28");
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Refuses a text that is no JSON, or in which an object, however deep, has a
/// key twice.
pub fn each_key_once(text: &str) -> Result<(), serde_json::Error> {
    serde_json::from_str::<Checked>(text).map(|Checked| ())
}

/// An object with each key once; its values are not looked into.
#[derive(Clone, Debug)]
pub struct Object<V>(pub BTreeMap<String, V>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Object<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<V>(PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Fields<V> {
            type Value = Object<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    if fields.contains_key(&key) {
                        return Err(twice(&key));
                    }
                    fields.insert(key, map.next_value()?);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields(PhantomData))
    }
}

fn twice<E: Error>(key: &str) -> E {
    E::custom(format_args!("the key `{}` stands twice", key.escape_debug()))
}

/// Any JSON, its keys checked and its values passed over.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self, A::Error> {
        while seq.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(twice(&key));
            }
            keys.insert(key);
            map.next_value::<Self>()?;
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IgnoredAny;

    use super::*;

    #[test]
    fn keys_are_compared_as_they_are_meant() {
        assert!(each_key_once(r#"{"a": 1, "\u0061": 2}"#).is_err());
        assert!(each_key_once(r#"{"a": {"a": [{"a": null}, {"a": -1.5e3}]}, "A": true}"#).is_ok());
        assert!(each_key_once("{\"a\": 1").is_err());
    }

    #[test]
    fn an_object_does_not_look_into_its_values() {
        let read = |text: &str| serde_json::from_str::<Object<IgnoredAny>>(text).map(|o| o.0.len());
        assert_eq!(read(r#"{"a": {"b": 1, "b": 2}, "c": 3}"#).unwrap(), 2);
        assert!(read(r#"{"a": 1, "a": 1}"#).is_err());
        assert!(read("[]").is_err());
    }
}
