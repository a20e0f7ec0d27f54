//! Applicants at any level: nobody is paid twice.
//!
//! An organisation holds projects, a project repositories, a repository
//! packages. Anything may apply. Where an applicant holds another one, the two
//! are in conflict: money for the organisation is money for its repository too.
//!
//! # Formula
//!
//! The weight of an applicant covers everything below it. Where it holds other
//! applicants, their weights are parts of it; the two judgements are first made
//! to agree,
//!
//! ```text
//! w*(A) = w(A)^t · (Σ w*(below A))^(1 − t)
//! ```
//!
//! with `t` the trust in the coarser judgement (`t = 1`: the organisation's own
//! weight counts, `t = 0`: the sum of its parts). What is below is scaled to fit
//! if it exceeds `w*(A)`. Then one of three policies says who is paid:
//!
//! | policy                  | an applicant that holds others              |
//! |-------------------------|---------------------------------------------|
//! | [`Policy::FinestWins`]  | gets nothing; those below share all of it   |
//! | [`Policy::CoarsestWins`] | gets everything; those below nothing       |
//! | [`Policy::SplitBelow`]  | passes their weights down, keeps the rest   |
//!
//! An outermost applicant and all below it get the same money under every
//! policy, to the base unit.
//!
//! # Units and rounding
//!
//! Weights are finite numbers of at least zero. Money is divided from the top
//! down, at each applicant once by largest remainder in the order of ids.
//!
//! # Limits
//!
//! * Each entity has at most one parent, which is of a coarser level.
//! * An applicant with weight zero that holds others takes their sum where
//!   `t < 1` would make it nothing: silence is no verdict against its parts.
//!   Parts that all have weight zero leave everything to the holder.
//!
//! # Known weaknesses
//!
//! Under `FinestWins` an organisation shapes who below it gets what by choosing
//! who applies. Weights across levels come from people who compare unlike
//! things; look at [`Plan::disagreements`].
//!
//! # Sources
//!
//! The rule is this project's own.
//!
//! # Example
//!
//! ```
//! use allonet_core::money::Amount;
//! use allonet_weights::entity::{Containment, Plan, Policy};
//!
//! let entities = Containment::parse(
//!     "entity,level,parent\nacme,organisation,\nacme/db,repository,acme\n\
//!      acme/ui,repository,acme\nsolo/x,repository,\n",
//! )?;
//! let applicants = [("acme", 6.0), ("acme/db", 3.0), ("acme/ui", 1.0), ("solo/x", 2.0)];
//! let plan = Plan::new(&entities, &applicants.map(|(id, w)| (id.to_owned(), w)), 1.0)?;
//! assert_eq!(plan.conflicts()[0], ("acme".into(), "acme/db".into()));
//!
//! let paid = |policy| plan.pay(Amount::from_base(800), policy);
//! let units = Amount::from_base;
//! assert_eq!(paid(Policy::CoarsestWins)?["acme"], units(600));
//! assert_eq!(paid(Policy::FinestWins)?["acme/db"], units(450));
//! let split = paid(Policy::SplitBelow)?;
//! assert_eq!([split["acme"], split["acme/db"], split["acme/ui"]], [200, 300, 100].map(units));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod containment;

use std::collections::BTreeMap;

use allonet_core::maths;
use allonet_core::money::{self, Amount, ApportionError, Rounding};
use thiserror::Error;

pub use containment::{Containment, Level};

/// Weights that differ by less, as a part of them, agree.
const AGREED: f64 = 1e-9;

/// Who is paid where one applicant holds another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The innermost applicants.
    FinestWins,
    /// The outermost ones.
    CoarsestWins,
    /// All, each for what is not below it.
    SplitBelow,
}

/// Why applicants were refused.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum EntityError {
    /// One is not in the table of entities.
    #[error("applicant `{id}` is not among the entities; add a row that says what holds it")]
    Unknown {
        /// The id.
        id: String,
    },
    /// One applies twice.
    #[error("`{id}` applies twice; keep one of the rows")]
    Twice {
        /// The id.
        id: String,
    },
    /// A weight is none.
    #[error("`{id}` has the weight {found}; allowed are finite numbers from 0")]
    Weight {
        /// The id.
        id: String,
        /// Its weight.
        found: f64,
    },
    /// The trust is no share.
    #[error("the trust in coarser judgements is {found}; allowed are 0 to 1")]
    Trust {
        /// The number.
        found: f64,
    },
    /// All weights are zero.
    #[error("nobody has a weight above 0: {0}")]
    Nobody(#[from] ApportionError),
}

/// Where the judgement of a holder and those of its parts do not agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Disagreement {
    /// The holder.
    pub id: String,
    /// Its own weight.
    pub own: f64,
    /// The sum of those directly below it, after they were made to agree.
    pub parts: f64,
}

/// Applicants in their tree, with weights that agree.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// By id.
    applicants: Vec<Applicant>,
    /// The outermost ones.
    tops: Vec<usize>,
    disagreements: Vec<Disagreement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Applicant {
    id: String,
    /// Covers all below.
    weight: f64,
    /// The nearest applicants below, by id.
    below: Vec<usize>,
}

impl Plan {
    /// Puts applicants into their tree and makes their weights agree; `trust`
    /// is `t` of the [formula](self).
    pub fn new(
        entities: &Containment,
        applicants: &[(String, f64)],
        trust: f64,
    ) -> Result<Self, EntityError> {
        if !(0.0..=1.0).contains(&trust) {
            return Err(EntityError::Trust { found: trust });
        }
        let mut at: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sorted: Vec<&(String, f64)> = applicants.iter().collect();
        sorted.sort_by(|left, right| left.0.cmp(&right.0));
        for (position, (id, weight)) in sorted.iter().enumerate() {
            let id = || id.clone();
            if !entities.contains(&id()) {
                return Err(EntityError::Unknown { id: id() });
            }
            if !(weight.is_finite() && *weight >= 0.0) {
                return Err(EntityError::Weight { id: id(), found: *weight });
            }
            if at.insert(&sorted[position].0, position).is_some() {
                return Err(EntityError::Twice { id: id() });
            }
        }
        let own = |(id, weight): &&(String, f64)| Applicant {
            id: id.clone(),
            weight: *weight,
            below: Vec::new(),
        };
        let mut plan = Self {
            applicants: sorted.iter().map(own).collect(),
            tops: Vec::new(),
            disagreements: Vec::new(),
        };
        for (id, &position) in &at {
            match entities.above(id).find_map(|holder| at.get(holder)) {
                Some(&holder) => plan.applicants[holder].below.push(position),
                None => plan.tops.push(position),
            }
        }
        for top in plan.tops.clone() {
            plan.agree(top, trust);
        }
        plan.disagreements.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(plan)
    }

    /// Makes the weights of an applicant and all below it agree. Levels are
    /// few, so the recursion is shallow.
    fn agree(&mut self, at: usize, trust: f64) {
        let below = self.applicants[at].below.clone();
        if below.is_empty() {
            return;
        }
        for part in &below {
            self.agree(*part, trust);
        }
        let parts = maths::sum(below.iter().map(|part| self.applicants[*part].weight));
        let own = self.applicants[at].weight;
        if (own - parts).abs() > AGREED * own.max(parts) {
            let id = self.applicants[at].id.clone();
            self.disagreements.push(Disagreement { id, own, parts });
        }
        let agreed = match (own > 0.0, parts > 0.0) {
            (true, true) => maths::pow(own, trust) * maths::pow(parts, 1.0 - trust),
            (false, true) if trust < 1.0 => parts,
            _ => own,
        };
        self.applicants[at].weight = agreed;
        if parts > agreed {
            for part in below {
                self.scale(part, agreed / parts);
            }
        }
    }

    fn scale(&mut self, at: usize, factor: f64) {
        self.applicants[at].weight *= factor;
        for part in self.applicants[at].below.clone() {
            self.scale(part, factor);
        }
    }

    /// Pairs of applicants of which the first holds the second directly, that
    /// is with no other applicant between.
    pub fn conflicts(&self) -> Vec<(String, String)> {
        let id = |at: usize| self.applicants[at].id.clone();
        let pairs = (0..self.applicants.len())
            .flat_map(|at| self.applicants[at].below.iter().map(move |part| (id(at), id(*part))));
        pairs.collect()
    }

    /// Holders whose weight is not the sum of their parts.
    pub fn disagreements(&self) -> &[Disagreement] {
        &self.disagreements
    }

    /// The weights that agree, by id.
    pub fn weights(&self) -> impl Iterator<Item = (&str, f64)> {
        self.applicants.iter().map(|applicant| (&*applicant.id, applicant.weight))
    }

    /// Who is paid what; adds up to the budget. Everybody who applied is there.
    pub fn pay(
        &self,
        budget: Amount,
        policy: Policy,
    ) -> Result<BTreeMap<String, Amount>, EntityError> {
        let mut paid = vec![Amount::ZERO; self.applicants.len()];
        let weights: Vec<f64> = self.tops.iter().map(|top| self.applicants[*top].weight).collect();
        for (top, part) in self.tops.iter().zip(divided(budget, &weights)?) {
            self.pay_below(*top, part, policy, &mut paid);
        }
        let named = self.applicants.iter().map(|applicant| applicant.id.clone());
        Ok(named.zip(paid).collect())
    }

    /// Divides what a subtree gets among its applicants.
    fn pay_below(&self, at: usize, money: Amount, policy: Policy, paid: &mut [Amount]) {
        let Applicant { weight, below, .. } = &self.applicants[at];
        let mut weights: Vec<f64> =
            below.iter().map(|part| self.applicants[*part].weight).collect();
        let rest = weight - maths::sum(weights.iter().copied());
        // What is left by rounding alone is nothing to pay.
        let rest = if rest > AGREED * weight { rest } else { 0.0 };
        match policy {
            Policy::CoarsestWins => weights.clear(),
            Policy::FinestWins => weights.push(0.0),
            Policy::SplitBelow => weights.push(rest),
        }
        let Ok(mut parts) = divided(money, &weights) else {
            paid[at] = money;
            return;
        };
        paid[at] = parts.pop().unwrap_or(money);
        for (part, money) in below.iter().zip(parts) {
            self.pay_below(*part, money, policy, paid);
        }
    }
}

fn divided(money: Amount, weights: &[f64]) -> Result<Vec<Amount>, ApportionError> {
    let weights = money::weights_from_f64(weights)?;
    Ok(money::apportion(money, &weights, Rounding::LargestRemainder)?.parts)
}
