//! A contest of a self-declaration: bonds, an answer, a verdict.
//!
//! Whoever declares its own weights stakes money on them. Anybody can contest
//! the declaration with a bond and evidence. The owner may answer until a
//! deadline, then a jury decides until another. The machine is pure: it gets
//! dated events and says who is paid what.
//!
//! # States
//!
//! ```text
//! Open ── answer ──▶ Answered ── verdict ──▶ Closed
//!  │  └─ withdrawal ─▶ Closed      └─ no verdict in time ─▶ Closed (all returned)
//!  ├─ concession ─▶ Closed
//!  └─ no answer in time ─▶ Closed (as if upheld)
//! ```
//!
//! | end                        | owner's stake     | challenger's bond |
//! |----------------------------|-------------------|-------------------|
//! | upheld, conceded, no answer | slashed           | returned          |
//! | rejected, withdrawn        | returned          | slashed           |
//! | undecided, no verdict      | returned          | returned          |
//!
//! Of what is slashed the winner gets `reward_ppm`, rounded down; the jury's
//! fund gets the rest. A concession costs the owner only `concession_ppm` of the
//! stake, so that owning up is cheaper than losing.
//!
//! # Formula
//!
//! A false claim that gains `g` when it stands, with a stake `D` and a chance
//! `q` to be detected, is worth `(1 − q) g − q D`: below zero exactly for
//! `q > g / (g + D)` ([`break_even_detection`]).
//!
//! # Known weaknesses
//!
//! * A jury that errs lets true claims be slashed; with an error rate `e`, a
//!   contest of a true claim pays the challenger when `e · reward > (1 − e) · B`.
//!   Keep bonds as large as rewards, then it never does for `e < ½`.
//! * Detection needs somebody who looks. The reward must exceed what looking
//!   costs, times the claims that turn out true.
//!
//! # Sources
//!
//! Bonded dispute games as in Reality.eth and Kleros; the terms here are this
//! project's own.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::contest::{Contest, Event, Terms, Verdict};
//!
//! let day = |day: i64| allonet_core::time::Instant::from_unix(day * 86_400);
//! let amount = Amount::from_base;
//! let (stake, bond) = (amount(1_000), amount(500));
//! let mut contest = Contest::open("owner", stake, "challenger", bond, day(0), Terms::default())?;
//! contest.apply(day(3), &Event::Answer)?;
//! contest.apply(day(9), &Event::Verdict(Verdict::Upheld))?;
//! // The challenger has the bond back and half of the stake.
//! let paid = contest.settlement(day(9)).expect("it is closed");
//! assert_eq!((paid.owner, paid.challenger, paid.jury), (amount(0), amount(1_000), amount(500)));
//! # Ok::<(), allonet_weights::contest::ContestError>(())
//! ```

use allonet_core::money::{Amount, Share};
use allonet_core::time::Instant;
use thiserror::Error;

const MILLION: u32 = 1_000_000;
const DAY_SECS: u64 = 86_400;

/// The rules of a contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The least bond, in parts per million of the owner's stake.
    pub least_bond_ppm: u32,
    /// How long the owner may answer.
    pub answer_secs: u64,
    /// How long the jury may take after the answer.
    pub verdict_secs: u64,
    /// What the winner gets of what is slashed, in parts per million.
    pub reward_ppm: u32,
    /// What of the stake a concession costs, in parts per million.
    pub concession_ppm: u32,
}

impl Default for Terms {
    /// A bond of half the stake; a week to answer, two for the jury; half of
    /// what is slashed to the winner; a concession costs a quarter.
    fn default() -> Self {
        Self {
            least_bond_ppm: MILLION / 2,
            answer_secs: 7 * DAY_SECS,
            verdict_secs: 14 * DAY_SECS,
            reward_ppm: MILLION / 2,
            concession_ppm: MILLION / 4,
        }
    }
}

/// What a jury says of the contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The declaration was false.
    Upheld,
    /// It was true.
    Rejected,
    /// The jury cannot tell.
    Undecided,
}

/// Something that happens in a contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The owner stands by the declaration.
    Answer,
    /// The owner takes it back.
    Concession,
    /// The challenger gives up.
    Withdrawal,
    /// The jury decides.
    Verdict(Verdict),
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Answer => "an answer",
            Self::Concession => "a concession",
            Self::Withdrawal => "a withdrawal",
            Self::Verdict(_) => "a verdict",
        }
    }
}

/// How a contest ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The jury upheld it.
    Upheld,
    /// The owner took the declaration back.
    Conceded,
    /// The owner did not answer in time.
    Unanswered,
    /// The jury rejected it.
    Rejected,
    /// The challenger gave up.
    Withdrawn,
    /// The jury could not tell.
    Undecided,
    /// The jury did not decide in time.
    NoVerdict,
}

impl End {
    /// Whether the declaration stands.
    pub fn stands(self) -> bool {
        !matches!(self, Self::Upheld | Self::Conceded | Self::Unanswered)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Answered { at: Instant },
    Closed(End),
}

/// A contest and what is at stake in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    owner: String,
    challenger: String,
    stake: Amount,
    bond: Amount,
    terms: Terms,
    opened: Instant,
    last: Instant,
    state: State,
}

/// Who gets what in the end; adds up to stake and bond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settlement {
    /// How it ended.
    pub end: End,
    /// To the owner.
    pub owner: Amount,
    /// To the challenger.
    pub challenger: Amount,
    /// To the fund of the jury.
    pub jury: Amount,
}

/// Why an event was refused. The contest is as it was.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ContestError {
    /// A share of the terms is above one.
    #[error("{name} is {found} ppm, allowed are 0 to 1000000")]
    Terms {
        /// Which one.
        name: &'static str,
        /// Its value.
        found: u32,
    },
    /// Nobody can contest its own declaration.
    #[error("`{party}` cannot contest a declaration of its own; change the declaration")]
    OwnDeclaration {
        /// Owner and challenger.
        party: String,
    },
    /// The bond is too small.
    #[error("a bond of {found} base units is below {least}, the least for this stake")]
    Bond {
        /// The bond.
        found: Amount,
        /// The least.
        least: Amount,
    },
    /// Stake and bond do not fit one amount.
    #[error("stake and bond together do not fit 256 bits; check the asset's decimals")]
    TooMuch,
    /// The event is of the past.
    #[error("an event at {at} comes after one at {last}; give events in the order of time")]
    Order {
        /// Its moment.
        at: Instant,
        /// The last one's.
        last: Instant,
    },
    /// The event does not fit the state.
    #[error("{event} is not possible now: the contest is {state}")]
    State {
        /// The event.
        event: &'static str,
        /// The state.
        state: &'static str,
    },
}

impl Contest {
    /// Opens a contest of `owner`'s declaration.
    pub fn open(
        owner: &str,
        stake: Amount,
        challenger: &str,
        bond: Amount,
        at: Instant,
        terms: Terms,
    ) -> Result<Self, ContestError> {
        for (name, found) in [
            ("the least bond", terms.least_bond_ppm),
            ("the reward", terms.reward_ppm),
            ("the cost of a concession", terms.concession_ppm),
        ] {
            if found > MILLION {
                return Err(ContestError::Terms { name, found });
            }
        }
        if owner == challenger {
            return Err(ContestError::OwnDeclaration { party: owner.to_owned() });
        }
        stake.add(bond, "stake and bond").map_err(|_| ContestError::TooMuch)?;
        // Rounded up, so that a small stake still asks for a bond.
        let least = stake.saturating_sub(part(stake, MILLION - terms.least_bond_ppm));
        if bond < least {
            return Err(ContestError::Bond { found: bond, least });
        }
        let (owner, challenger) = (owner.to_owned(), challenger.to_owned());
        Ok(Self { owner, challenger, stake, bond, terms, opened: at, last: at, state: State::Open })
    }

    /// Who declared.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// Who contests.
    pub fn challenger(&self) -> &str {
        &self.challenger
    }

    /// Takes an event. Deadlines that passed before it count first.
    pub fn apply(&mut self, at: Instant, event: &Event) -> Result<(), ContestError> {
        if at < self.last {
            return Err(ContestError::Order { at, last: self.last });
        }
        let state = self.state_at(at);
        let next = match (state, event) {
            (State::Open, Event::Answer) => State::Answered { at },
            (State::Open, Event::Concession) => State::Closed(End::Conceded),
            (State::Open, Event::Withdrawal) => State::Closed(End::Withdrawn),
            (State::Answered { .. }, Event::Verdict(verdict)) => State::Closed(match verdict {
                Verdict::Upheld => End::Upheld,
                Verdict::Rejected => End::Rejected,
                Verdict::Undecided => End::Undecided,
            }),
            _ => {
                let state = match state {
                    State::Open => "open and waits for an answer",
                    State::Answered { .. } => "answered and waits for a verdict",
                    State::Closed(_) => "closed",
                };
                return Err(ContestError::State { event: event.name(), state });
            }
        };
        (self.state, self.last) = (next, at);
        Ok(())
    }

    /// How it ended, if it has by this moment.
    pub fn end(&self, now: Instant) -> Option<End> {
        match self.state_at(now) {
            State::Closed(end) => Some(end),
            State::Open | State::Answered { .. } => None,
        }
    }

    /// The state with deadlines in mind: what is due at the deadline itself is
    /// in time.
    fn state_at(&self, now: Instant) -> State {
        let after = |from: Instant, secs: u64| {
            i128::from(now.unix()) > i128::from(from.unix()) + i128::from(secs)
        };
        match self.state {
            State::Open if after(self.opened, self.terms.answer_secs) => {
                State::Closed(End::Unanswered)
            }
            State::Answered { at } if after(at, self.terms.verdict_secs) => {
                State::Closed(End::NoVerdict)
            }
            state => state,
        }
    }

    /// Who gets what, if it has ended by this moment.
    pub fn settlement(&self, now: Instant) -> Option<Settlement> {
        let end = self.end(now)?;
        let (from_owner, from_challenger) = match end {
            End::Upheld | End::Unanswered => (self.stake, Amount::ZERO),
            End::Conceded => (part(self.stake, self.terms.concession_ppm), Amount::ZERO),
            End::Rejected | End::Withdrawn => (Amount::ZERO, self.bond),
            End::Undecided | End::NoVerdict => (Amount::ZERO, Amount::ZERO),
        };
        let reward = |slashed: Amount| part(slashed, self.terms.reward_ppm);
        let gets = |own: Amount, slashed: Amount, won: Amount| {
            let kept = own.saturating_sub(slashed);
            kept.add(won, "a settlement").expect("stake and bond fit one amount")
        };
        let owner = gets(self.stake, from_owner, reward(from_challenger));
        let challenger = gets(self.bond, from_challenger, reward(from_owner));
        let slashed = gets(from_owner, Amount::ZERO, from_challenger);
        let jury = slashed.saturating_sub(reward(slashed));
        Some(Settlement { end, owner, challenger, jury })
    }
}

/// Parts per million of an amount, rounded down.
fn part(amount: Amount, ppm: u32) -> Amount {
    let share = Share::new(u64::from(ppm), u64::from(MILLION)).expect("checked when it was opened");
    share.of(amount).expect("a part fits where the whole does")
}

/// What a false claim is worth to whoever makes it, in the unit of its gain.
pub fn value_of_false_claim(gain: f64, stake: f64, detection: f64) -> f64 {
    (1.0 - detection) * gain - detection * stake
}

/// The chance of detection above which false claims lose; zero where they gain
/// nothing anyway.
pub fn break_even_detection(gain: f64, stake: f64) -> f64 {
    if gain > 0.0 { gain / (gain + stake) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use proptest::prelude::*;

    fn day(day: i64) -> Instant {
        Instant::from_unix(day * 86_400)
    }

    fn amount(units: u128) -> Amount {
        Amount::from_base(units)
    }

    fn open(stake: u128, bond: u128) -> Result<Contest, ContestError> {
        Contest::open("ann", amount(stake), "bo", amount(bond), day(0), Terms::default())
    }

    fn ended(events: &[(i64, Event)], now: i64) -> Option<(End, [u128; 3])> {
        let mut contest = open(1_001, 600).expect("valid");
        for (at, event) in events {
            contest.apply(day(*at), event).expect("possible");
        }
        let paid = contest.settlement(day(now))?;
        let units = [paid.owner, paid.challenger, paid.jury].map(|a| a.to_u128().expect("small"));
        Some((paid.end, units))
    }

    #[test]
    fn every_end_with_a_pencil() {
        let answer = (7, Event::Answer);
        let verdict = |verdict| (21, Event::Verdict(verdict));
        for (events, now, end, paid) in [
            // Of 1001 slashed, 500 are the reward, rounded down.
            (vec![answer, verdict(Verdict::Upheld)], 21, End::Upheld, [0, 1_100, 501]),
            (vec![answer, verdict(Verdict::Rejected)], 21, End::Rejected, [1_301, 0, 300]),
            (vec![answer, verdict(Verdict::Undecided)], 21, End::Undecided, [1_001, 600, 0]),
            (vec![answer], 22, End::NoVerdict, [1_001, 600, 0]),
            (vec![], 8, End::Unanswered, [0, 1_100, 501]),
            // A quarter of 1001 is 250; half of it for the challenger.
            (vec![(1, Event::Concession)], 1, End::Conceded, [751, 725, 125]),
            (vec![(1, Event::Withdrawal)], 1, End::Withdrawn, [1_301, 0, 300]),
        ] {
            assert_eq!(ended(&events, now), Some((end, paid)));
        }
        assert_eq!(ended(&[], 7), None);
        assert_eq!(ended(&[answer], 21), None);
        assert!(End::NoVerdict.stands() && !End::Conceded.stands());
    }

    #[test]
    fn each_refusal_once() {
        let refused = Contest::open("a", amount(9), "a", amount(9), day(0), Terms::default());
        assert!(matches!(refused, Err(ContestError::OwnDeclaration { .. })));
        // Half of 3 is 1.5: a bond of 1 is too small.
        assert_eq!(open(3, 1), Err(ContestError::Bond { found: amount(1), least: amount(2) }));
        let terms = Terms { reward_ppm: MILLION + 1, ..Terms::default() };
        let refused = Contest::open("a", amount(9), "b", amount(9), day(0), terms);
        assert!(matches!(refused, Err(ContestError::Terms { name: "the reward", .. })));
        let refused = Contest::open("a", Amount::MAX, "b", Amount::MAX, day(0), Terms::default());
        assert_eq!(refused, Err(ContestError::TooMuch));
        let mut contest = open(10, 10).expect("valid");
        let early = contest.apply(day(1), &Event::Verdict(Verdict::Upheld)).expect_err("no answer");
        assert!(early.to_string().contains("waits for an answer"), "{early}");
        contest.apply(day(2), &Event::Answer).expect("in time");
        assert!(matches!(contest.apply(day(1), &Event::Answer), Err(ContestError::Order { .. })));
        let late = contest.apply(day(17), &Event::Verdict(Verdict::Upheld)).expect_err("too late");
        assert!(late.to_string().contains("is closed"), "{late}");
        assert_eq!(contest.end(day(17)), Some(End::NoVerdict));
    }

    proptest! {
        #[test]
        fn stake_and_bond_are_conserved(
            stake in any::<u128>(),
            bond in any::<u128>(),
            terms in (0..=MILLION, 0..=MILLION, 0..=MILLION),
            events in prop::collection::vec((0_i64..30, 0_usize..6), 0..5),
        ) {
            let (least_bond_ppm, reward_ppm, concession_ppm) = terms;
            let terms = Terms { least_bond_ppm, reward_ppm, concession_ppm, ..Terms::default() };
            let opened = Contest::open("a", amount(stake), "b", amount(bond), day(0), terms);
            let Ok(mut contest) = opened else { return Ok(()) };
            for (at, event) in events {
                let event = [
                    Event::Answer,
                    Event::Concession,
                    Event::Withdrawal,
                    Event::Verdict(Verdict::Upheld),
                    Event::Verdict(Verdict::Rejected),
                    Event::Verdict(Verdict::Undecided),
                ][event];
                let _ = contest.apply(day(at), &event);
            }
            let paid = contest.settlement(day(60)).expect("every deadline has passed");
            let sum = Amount::sum([paid.owner, paid.challenger, paid.jury], "paid").expect("fits");
            prop_assert_eq!(sum, amount(stake).add(amount(bond), "all").expect("fits"));
        }
    }

    /// 20,000 false claims each: gain 400, stake 600, so that detection breaks
    /// even at 0.4. Claims are played through the machine.
    #[test]
    fn false_claims_lose_above_the_break_even_detection() {
        let (gain, stake) = (400.0, 600.0);
        assert!((break_even_detection(gain, stake) - 0.4).abs() < 1e-15);
        for detection in [0.2, 0.35, 0.45, 0.7] {
            let mut random = Random::new(5);
            let claims = 20_000;
            let mut won = 0.0;
            for _ in 0..claims {
                if !random.chance(detection) {
                    won += gain;
                    continue;
                }
                let mut contest = open(600, 300).expect("valid");
                contest.apply(day(1), &Event::Answer).expect("in time");
                contest.apply(day(2), &Event::Verdict(Verdict::Upheld)).expect("in time");
                won += contest.settlement(day(2)).expect("closed").owner.to_f64() - stake;
            }
            let mean = won / f64::from(claims);
            let expected = value_of_false_claim(gain, stake, detection);
            // Four standard errors of a mean of two values 1000 apart.
            assert!((mean - expected).abs() < 4.0 * 500.0 / f64::from(claims).sqrt(), "{mean}");
            assert_eq!(mean < 0.0, detection > 0.4, "{detection}: {mean}");
        }
    }
}
