//! What a signal says of people: how much each of them counts.

use allonet_core::mechanism::{Refusal, Turn};

use crate::names::plain;
use crate::people::Figures;

/// What the signal of a name says of people, by their ids, addresses in lower
/// case; `None` where none has arrived.
///
/// Refusals: `not-scores` for a single number; `bad-signal` for a number below
/// zero, above `most` or none, and for an address in two spellings.
pub(crate) fn heard(turn: &Turn<'_>, name: &str, most: f64) -> Result<Option<Figures>, Refusal> {
    let Some(signal) = turn.signal(name) else { return Ok(None) };
    let from = &signal.from;
    let Some(scores) = signal.scores() else {
        let message =
            format!("the signal `{name}` from `{from}` is one number, not one for each person");
        return Err(Refusal::new("not-scores", message).help("connect a signal that has scores"));
    };
    let mut found = Figures::new();
    for (id, score) in scores {
        if !(0.0..=most).contains(score) {
            let message = format!("the signal `{name}` from `{from}` gives `{id}` {score}");
            let help = if most < f64::MAX {
                format!("what a person counts is a number from 0 to {most:e}")
            } else {
                "what a person counts is a number of zero or more".to_owned()
            };
            return Err(Refusal::new("bad-signal", message).help(help));
        }
        if found.insert(plain(id).into_owned(), *score).is_some() {
            let message = format!("the signal `{name}` from `{from}` names `{id}` twice");
            let help = "addresses are the same in upper and lower case";
            return Err(Refusal::new("bad-signal", message).help(help));
        }
    }
    Ok(Some(found))
}

/// What [`heard`] says of each of these people, in their order. Who is not in
/// the signal has 0.
pub(crate) fn by_person(
    turn: &Turn<'_>,
    name: &str,
    people: &[Box<str>],
    most: f64,
) -> Result<Option<Vec<f64>>, Refusal> {
    let Some(heard) = heard(turn, name, most)? else { return Ok(None) };
    let of = |person: &str| heard.get(person).copied().unwrap_or(0.0);
    Ok(Some(people.iter().map(|person| of(person)).collect()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use allonet_core::mechanism::{Purse, State};
    use allonet_core::signal::{Signal, SignalData};

    use super::*;

    const ADDRESS: &str = "0xabababababababababababababababababababab";

    fn read(data: SignalData) -> Result<Option<Vec<f64>>, String> {
        let signals = [Signal { from: "elsewhere".into(), name: "power".to_owned(), data }];
        let turn = Turn {
            epoch: 0,
            ends: None,
            assets: &[],
            inflow: &Purse::empty(0),
            signals: &signals,
            events: &[],
            state: &State::empty(),
        };
        assert_eq!(by_person(&turn, "trust", &[], 1.0).unwrap(), None);
        let people: [Box<str>; 3] = [ADDRESS.into(), "ann".into(), "bob".into()];
        by_person(&turn, "power", &people, 1e6).map_err(|refusal| refusal.to_string())
    }

    fn scores(scores: &[(&str, f64)]) -> SignalData {
        let scores = scores.iter().map(|(id, score)| ((*id).to_owned(), *score));
        SignalData::Scores(scores.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn who_is_not_named_has_nothing() {
        let upper = ADDRESS.replace('a', "A");
        let found = read(scores(&[(&upper, 0.5), ("bob", 1e6), ("zoe", 3.0)])).unwrap();
        assert_eq!(found, Some(vec![0.5, 0.0, 1e6]));
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        let upper = ADDRESS.replace('a', "A");
        for (data, message) in [
            (SignalData::Number(1.0), "is one number, not one for each person"),
            (scores(&[("ann", f64::NAN)]), "gives `ann` NaN"),
            (scores(&[("zoe", -1.0)]), "gives `zoe` -1"),
            (scores(&[("ann", f64::INFINITY)]), "gives `ann` inf"),
            (scores(&[("ann", 1e7)]), "gives `ann` 10000000"),
            (scores(&[(&upper, 1.0), (ADDRESS, 1.0)]), "names `0xabab"),
        ] {
            let found = read(data).unwrap_err();
            let (start, rest) = found.split_at("the signal `power` from `elsewhere` ".len());
            assert_eq!(start, "the signal `power` from `elsewhere` ");
            assert!(rest.starts_with(message), "{found}");
        }
    }
}
