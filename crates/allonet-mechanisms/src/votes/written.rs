//! What one voter wrote, as marks on choices.
//!
//! A choice is named by its place in the list, from 1, or by its name. A whole
//! number is always a place.
//!
//! | written | read as |
//! |---|---|
//! | `2`, `garden` | one choice |
//! | `[1,3]`, `1;3`, `1 > 3`, `garden;library` | a list, or a ranking from the first |
//! | `{"1": 30, "2": 70}`, `1:30;2:70`, `garden:30` | choices with weights |
//! | nothing | a blank ballot |

use rustc_hash::FxHashMap;
use serde_json::Value as Json;

/// What a rule takes for a valid ballot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One choice.
    One,
    /// Any number of choices, each once; a blank ballot approves of none.
    Set,
    /// Weights above zero for one or more choices.
    Shares,
    /// Choices in order, each once.
    Ranking {
        /// All of them.
        complete: bool,
    },
}

/// A choice on a ballot; in a ranking they stand in order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark {
    /// Place in the list of choices, from 0.
    pub(super) choice: u32,
    /// Part of the voter's power: the weights of a ballot of [`Form::Shares`]
    /// add up to 1, all others are 1.
    pub(super) share: f64,
}

/// The largest weight on a ballot; sums of them stay finite.
const WEIGHT_MAX: f64 = 1e30;

/// Names of choices, to find their places.
#[derive(Debug)]
pub(super) struct Places<'a> {
    names: FxHashMap<&'a str, u32>,
    count: u32,
}

impl<'a> Places<'a> {
    pub(super) fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: FxHashMap<&str, u32> = names.into_iter().zip(0..).collect();
        let count = u32::try_from(names.len()).expect("fewer choices than 2^32");
        Self { names, count }
    }

    fn find(&self, name: &str) -> Result<u32, String> {
        let name = name.trim();
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            let place = name.parse::<u32>().ok().filter(|place| (1..=self.count).contains(place));
            return place
                .map(|place| place - 1)
                .ok_or_else(|| format!("names choice {name} of {}", self.count));
        }
        let found = self.names.get(name).copied();
        found.ok_or_else(|| format!("names `{name}`, which is no choice"))
    }
}

/// Choices with the weights written beside them, if any.
type Written = Vec<(u32, Option<f64>)>;

/// The marks of a ballot, or why it is not valid.
pub(super) fn marks(text: &str, form: Form, places: &Places<'_>) -> Result<Vec<Mark>, String> {
    let text = text.trim();
    if text.starts_with(['[', '{', '"']) {
        let json = serde_json::from_str(text).ok();
        // A key that stands twice could mean either of its values.
        let json = json.filter(|_| allonet_core::json::each_key_once(text).is_ok());
        return marks_json(&json.ok_or("is no valid JSON")?, form, places);
    }
    let alone = places.names.contains_key(text);
    let parts = text.split([';', '>', '|']).map(str::trim);
    let written: Result<Written, String> = if text.is_empty() {
        Ok(Vec::new())
    } else if alone {
        places.find(text).map(|place| vec![(place, None)])
    } else {
        parts.map(|part| weighted(part, form, places)).collect()
    };
    valid(&written?, form, places)
}

/// A choice, with its weight where the rule asks for one.
fn weighted(part: &str, form: Form, places: &Places<'_>) -> Result<(u32, Option<f64>), String> {
    match part.rsplit_once(':') {
        Some((name, weight)) if form == Form::Shares && !places.names.contains_key(part) => {
            let weight = weight.trim();
            let number = weight.parse::<f64>().map_err(|_| format!("has the weight `{weight}`"))?;
            Ok((places.find(name)?, Some(number)))
        }
        _ => Ok((places.find(part)?, None)),
    }
}

/// The same for what is already JSON.
pub(super) fn marks_json(
    json: &Json,
    form: Form,
    places: &Places<'_>,
) -> Result<Vec<Mark>, String> {
    let one = |json: &Json| match json {
        Json::Number(number) => places.find(&number.to_string()),
        Json::String(name) => places.find(name),
        other => Err(format!("names `{other}`, which is no choice")),
    };
    let written = match json {
        Json::Null => Vec::new(),
        Json::Array(_) if matches!(form, Form::One | Form::Shares) => {
            return Err("is a list".to_owned());
        }
        Json::Array(list) => {
            list.iter().map(|item| Ok((one(item)?, None))).collect::<Result<_, String>>()?
        }
        Json::Object(weights) if form == Form::Shares => {
            let pair = |(name, weight): (&String, &Json)| {
                let number = weight.as_f64().ok_or_else(|| format!("has the weight `{weight}`"))?;
                Ok((places.find(name)?, Some(number)))
            };
            weights.iter().map(pair).collect::<Result<_, String>>()?
        }
        Json::Object(_) => return Err("has weights".to_owned()),
        other => vec![(one(other)?, None)],
    };
    valid(&written, form, places)
}

fn valid(written: &Written, form: Form, places: &Places<'_>) -> Result<Vec<Mark>, String> {
    let mut seen: Vec<u32> = written.iter().map(|(choice, _)| *choice).collect();
    seen.sort_unstable();
    if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("names choice {} twice", pair[0] + 1));
    }
    match (form, written.len()) {
        (Form::Set, _) => {}
        (_, 0) => return Err("names no choice".to_owned()),
        (Form::One, 2..) => return Err("names more than one choice".to_owned()),
        (Form::Ranking { complete: true }, count) if count < places.count as usize => {
            return Err(format!("ranks {count} of {} choices", places.count));
        }
        _ => {}
    }
    let weight = |(_, weight): &(u32, Option<f64>)| weight.unwrap_or(1.0);
    let fits = |weight: &f64| *weight > 0.0 && *weight <= WEIGHT_MAX;
    if let Some(wrong) = written.iter().map(weight).find(|weight| !fits(weight)) {
        return Err(format!("has the weight `{wrong}`"));
    }
    let mark = |entry: &(u32, Option<f64>)| Mark { choice: entry.0, share: weight(entry) };
    let mut marks: Vec<Mark> = written.iter().map(mark).collect();
    if !matches!(form, Form::Ranking { .. }) {
        marks.sort_unstable_by_key(|mark| mark.choice);
    }
    if form == Form::Shares {
        let sum: f64 = marks.iter().map(|mark| mark.share).sum();
        for mark in &mut marks {
            mark.share /= sum;
        }
    }
    Ok(marks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, form: Form) -> Result<Vec<(u32, f64)>, String> {
        let places = Places::new(["garden", "a: b", "42"]);
        let found = marks(text, form, &places)?;
        Ok(found.iter().map(|mark| (mark.choice, mark.share)).collect())
    }

    const ANY: Form = Form::Ranking { complete: false };

    #[test]
    fn all_ways_of_writing_are_read() {
        for text in ["1", "garden", "\"garden\"", " 1 "] {
            assert_eq!(read(text, Form::One), Ok(vec![(0, 1.0)]), "{text}");
        }
        for text in ["[3,1]", "3;1", "3 > 1", "3|garden", "[3, \"garden\"]"] {
            assert_eq!(read(text, ANY), Ok(vec![(2, 1.0), (0, 1.0)]), "{text}");
            assert_eq!(read(text, Form::Set), Ok(vec![(0, 1.0), (2, 1.0)]), "{text}");
        }
        for text in ["{\"1\": 3, \"2\": 1}", "1:3;2:1", "garden:3;a: b:1", "garden: 75 ; 2 : 25"] {
            assert_eq!(read(text, Form::Shares), Ok(vec![(0, 0.75), (1, 0.25)]), "{text}");
        }
        assert_eq!(read("a: b", Form::Shares), Ok(vec![(1, 1.0)]));
        assert_eq!(read("", Form::Set), Ok(vec![]));
        assert_eq!(read("[]", Form::Set), Ok(vec![]));
    }

    #[test]
    fn what_is_not_valid_says_why() {
        for (text, form, expected) in [
            ("", Form::One, "names no choice"),
            ("42", Form::One, "names choice 42 of 3"),
            ("0", Form::One, "names choice 0 of 3"),
            ("1.5", Form::One, "names `1.5`, which is no choice"),
            ("[1]", Form::One, "is a list"),
            ("1;2", Form::One, "names more than one choice"),
            ("1;garden", Form::Set, "names choice 1 twice"),
            ("[1,", Form::Set, "is no valid JSON"),
            ("[[1]]", Form::Set, "names `[1]`, which is no choice"),
            ("{\"1\": 1}", Form::Set, "has weights"),
            ("{\"1\": 1, \"1\": 2}", Form::Shares, "is no valid JSON"),
            ("{}", Form::Shares, "names no choice"),
            ("1:0", Form::Shares, "has the weight `0`"),
            ("1:-1;2:2", Form::Shares, "has the weight `-1`"),
            ("1:NaN", Form::Shares, "has the weight `NaN`"),
            ("1:1e400", Form::Shares, "has the weight `inf`"),
            ("1:x", Form::Shares, "has the weight `x`"),
            ("[2,1]", Form::Ranking { complete: true }, "ranks 2 of 3 choices"),
        ] {
            assert_eq!(read(text, form), Err(expected.to_owned()), "{text}");
        }
    }
}
