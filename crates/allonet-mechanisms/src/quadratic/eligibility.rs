//! Which votes count, and how much of them.
//!
//! Each vote (not each voter's total) gets a coefficient:
//!
//! 1. 1;
//! 2. 0 where it is below the smallest donation, or where all votes of its voter
//!    for the project add up to less than that;
//! 3. else, with a table of scores, `below` (mostly 0) below `low`, 1 above
//!    `high` and `floor + (1 − floor)·(score − low)/(high − low)` between; a voter
//!    without a score has score 0; guests count 1 whatever their score;
//! 4. 0 where the lists of voters or the recipients rule it out (module
//!    `lists`);
//! 5. whatever an override says for its id.
//!
//! ```text
//! amount′ = ⌊amount · ⌊10,000·coefficient⌋ / 10,000⌋
//! ```
//!
//! This is the order of `grants-stack-indexer`, which counts coefficients in
//! floats; so does this module where Grants Stack is to be repeated. Otherwise
//! they are exact: 0.57 is 5,700 parts in 10,000, and not 5,699.

use std::collections::BTreeMap;

use allonet_core::fault::Fault;
use allonet_core::maths::sum;
use allonet_core::money::{Amount, Share, format_units, parse_units};
use allonet_core::table::{Column, Faults, Row, Table};
use ruint::aliases::U256;

use super::lists::{Recipients, allow, deny, exclude_recipients, guests};
use super::roster::apply_list;
use super::votes::{ID, USD, Votes};
use crate::paying::several;

/// Columns of a table of scores.
pub const SCORE_COLUMNS: &[Column] = &[
    Column::required(&["voter", "address", "voter_address", "wallet", "donor", "contributor"]),
    Column::required(&["score", "raw_score", "passport_score"]),
];
/// Columns of a table of overrides.
pub const OVERRIDE_COLUMNS: &[Column] = &[
    Column::required(&["id", "vote_id", "donation_id", "contribution_id"]),
    Column::required(&["coefficient"]),
    Column::optional(&["author", "by"]),
    Column::optional(&["reason", "note", "comment"]),
];
/// Parts of a whole coefficient.
const PARTS: u64 = 10_000;
/// The largest coefficient of an override.
const COEFFICIENT_MAX: u64 = 100;
/// Digits behind the point of scores and coefficients.
const DECIMALS: u8 = 18;
/// How many names or overrides a remark lists.
pub(super) const LISTED: usize = 20;

/// The sliding scale from scores to coefficients.
#[derive(Clone, Debug, PartialEq)]
pub struct Scale {
    /// Scores below count only `below`.
    pub low: f64,
    /// Scores above count in full.
    pub high: f64,
    /// What the score `low` itself counts.
    pub floor: Share,
    /// What scores below `low` count.
    pub below: Share,
}

/// The smallest vote that counts.
#[derive(Clone, Debug, PartialEq)]
pub enum Minimum {
    /// In US dollars, where the votes say them.
    Usd(f64),
    /// In base units of the votes' asset.
    Units(Amount),
}

/// What decides over votes.
#[derive(Clone, Debug, Default)]
pub struct Eligibility {
    /// The smallest vote that counts, as it is shown and as it is compared.
    pub minimum: Option<(String, Minimum)>,
    /// Compare all that a voter gives a project with the minimum, not each vote.
    pub minimum_per_donor: bool,
    /// Scores of voters, with the scale.
    pub scores: Option<(Table, Scale)>,
    /// Voters who count in full whatever their score.
    pub guests: Option<Table>,
    /// Coefficients of single votes.
    pub overrides: Option<Table>,
    /// Projects that may be paid.
    pub projects: Option<Table>,
    /// The only voters who count.
    pub allow: Option<Table>,
    /// Voters who do not count.
    pub deny: Option<Table>,
    /// Whether recipients may vote.
    pub recipients: Recipients,
    /// Count coefficients in floats, as Grants Stack does.
    pub in_floats: bool,
}

impl Eligibility {
    /// Changes the amounts of votes to what counts of them, and leaves out
    /// votes for projects that are not on the list. `table` is what the votes
    /// were read from. Gives remarks for the operator.
    pub fn apply(&self, table: &Table, votes: &mut Votes) -> Result<Vec<String>, Vec<Fault>> {
        let mut faults = Faults::new();
        let mut remarks = Vec::new();
        let lists = [&self.allow, &self.deny].into_iter().any(Option::is_some);
        let weighs = self.minimum.is_some() || self.scores.is_some() || self.overrides.is_some();
        if weighs || lists || self.recipients != Recipients::Vote {
            let mut parts = vec![PARTS; table.len()];
            self.apply_minimum(table, votes, &mut parts, &mut remarks, &mut faults);
            self.apply_scores(votes, &mut parts, &mut remarks, &mut faults);
            if let Some(list) = &self.allow {
                allow(list, votes, &mut parts, &mut remarks, &mut faults);
            }
            if let Some(list) = &self.deny {
                deny(list, votes, &mut parts, &mut remarks, &mut faults);
            }
            let projects = self.projects.as_ref();
            exclude_recipients(self.recipients, table, projects, votes, &mut parts, &mut remarks);
            self.apply_overrides(table, &mut parts, &mut remarks, &mut faults);
            scale(table, votes, &parts, &mut faults);
        }
        if let Some(list) = &self.projects {
            apply_list(list, table, votes, &mut remarks, &mut faults);
        }
        faults.or(remarks)
    }

    fn apply_minimum(
        &self,
        table: &Table,
        votes: &Votes,
        parts: &mut [u64],
        remarks: &mut Vec<String>,
        faults: &mut Faults,
    ) {
        let Some((shown, minimum)) = &self.minimum else { return };
        let counts = match minimum {
            Minimum::Units(least) => {
                let amounts = &votes.columns.amounts;
                let amounts: Vec<Amount> =
                    amounts.iter().map(|units| Amount::from_base(*units)).collect();
                self.reach(votes, &amounts, least, |amounts| {
                    let sum = Amount::sum(amounts.iter().copied(), "votes of one voter");
                    sum.unwrap_or(Amount::MAX)
                })
            }
            Minimum::Usd(least) => {
                let mut amounts = Vec::with_capacity(table.len());
                for row in table.rows() {
                    match usd(row) {
                        Ok(usd) => amounts.push(usd),
                        Err(fault) => {
                            faults.push(fault);
                            amounts.push(0.0);
                        }
                    }
                }
                self.reach(votes, &amounts, least, |amounts| {
                    amounts.sort_unstable_by(f64::total_cmp);
                    sum(amounts.iter().copied())
                })
            }
        };
        let mut below = 0;
        for (part, counts) in parts.iter_mut().zip(counts) {
            if !counts {
                *part = 0;
                below += 1;
            }
        }
        if below > 0 {
            let each = if self.minimum_per_donor { ", by voter and project," } else { "" };
            remarks.push(format!("not counted: {}{each} below {shown}", several(below, "vote")));
        }
    }

    /// Whether each vote, or all votes of its voter for its project, reach the
    /// minimum.
    fn reach<T: Copy + PartialOrd>(
        &self,
        votes: &Votes,
        amounts: &[T],
        least: &T,
        sum: impl Fn(&mut [T]) -> T,
    ) -> Vec<bool> {
        if !self.minimum_per_donor {
            return amounts.iter().map(|amount| amount >= least).collect();
        }
        let columns = &votes.columns;
        let key = |row: &usize| (columns.voters[*row], columns.projects[*row]);
        let mut rows: Vec<usize> = (0..amounts.len()).collect();
        rows.sort_unstable_by_key(|row| (key(row), *row));
        let mut counts = vec![false; amounts.len()];
        for group in rows.chunk_by(|a, b| key(a) == key(b)) {
            let mut given: Vec<T> = group.iter().map(|row| amounts[*row]).collect();
            let reached = sum(&mut given) >= *least;
            for row in group {
                counts[*row] = reached;
            }
        }
        counts
    }

    fn apply_scores(
        &self,
        votes: &Votes,
        parts: &mut [u64],
        remarks: &mut Vec<String>,
        faults: &mut Faults,
    ) {
        let Some((table, scale)) = &self.scores else { return };
        let unknown = self.coefficient(scale, "0").unwrap_or(0);
        let mut coefficients: Vec<Option<u64>> = vec![None; votes.voters.len()];
        for row in table.rows() {
            let (voter, score) = (row.cell(0), row.cell(1));
            let coefficient = match self.coefficient(scale, score) {
                Ok(coefficient) => coefficient,
                Err(message) => {
                    faults.push(row.fault(1, "bad-score", message));
                    continue;
                }
            };
            let Some(number) = votes.voter(voter) else { continue };
            if coefficients[number].replace(coefficient).is_some() {
                let message = format!("voter `{voter}` has two scores");
                faults.push(row.fault(0, "listed-twice", message).help("remove one of them"));
            }
        }
        if let Some(list) = &self.guests {
            for voter in guests(list, votes, remarks, faults) {
                coefficients[voter] = Some(PARTS);
            }
        }
        let (mut none, mut some) = (0_usize, 0_usize);
        for (part, voter) in parts.iter_mut().zip(&votes.columns.voters) {
            let coefficient = coefficients[*voter as usize].unwrap_or(unknown);
            none += usize::from(*part > 0 && coefficient == 0);
            some += usize::from(*part > 0 && (1..PARTS).contains(&coefficient));
            *part = (*part).min(coefficient);
        }
        if none + some > 0 {
            let aside = if self.overrides.is_some() { ", overrides aside" } else { "" };
            let (none, some) = (several(none, "vote"), several(some, "vote"));
            remarks.push(format!(
                "for the score of their voter{aside}: {none} not counted, {some} counted in part"
            ));
        }
    }

    /// Parts in 10,000 that votes of a voter with this score count.
    fn coefficient(&self, scale: &Scale, score: &str) -> Result<u64, String> {
        let bad = || format!("`{score}` is no score; write a decimal of zero or more");
        let score = if score.is_empty() { "0" } else { score };
        let exact = parse_units(score, DECIMALS).map_err(|_| bad())?;
        let float: f64 = score.replace('_', "").parse().map_err(|_| bad())?;
        if float < scale.low {
            return Ok(PARTS * scale.below.numerator() / scale.below.denominator());
        }
        if float > scale.high || scale.high <= scale.low {
            return Ok(PARTS);
        }
        if self.in_floats {
            let floor = scale.floor.to_f64() * 100.0;
            let range = (100.0 - floor) * (float - scale.low);
            return Ok(parts_of_float((floor + range / (scale.high - scale.low)) / 100.0));
        }
        let bound = |value: f64| parse_units(&value.to_string(), DECIMALS).map_err(|_| bad());
        let (low, high) = (bound(scale.low)?, bound(scale.high)?);
        let whole = U256::from(scale.floor.denominator());
        let floor = U256::from(scale.floor.numerator());
        let range = high - low;
        let above = floor * range + (whole - floor) * exact.saturating_sub(low);
        let found = U256::from(PARTS) * above / (whole * range);
        Ok(u64::try_from(found).map_or(PARTS, |found| found.min(PARTS)))
    }

    fn apply_overrides(
        &self,
        table: &Table,
        parts: &mut [u64],
        remarks: &mut Vec<String>,
        faults: &mut Faults,
    ) {
        let Some(overrides) = &self.overrides else { return };
        if !table.has(ID) {
            let message = "overrides name votes by `id`, but the votes have no such column";
            let help =
                format!("add a column `id` to {}, or leave `overrides` out", table.file().path);
            let place = overrides.row(0).map(|row| row.place(0));
            faults.push(Fault::new("no-vote-ids", message).at_some(place).help(help));
            return;
        }
        let mut by_id: BTreeMap<&str, Override<'_>> = BTreeMap::new();
        for row in overrides.rows() {
            let id = row.cell(0);
            match self.override_parts(row.cell(1)) {
                Err(message) => faults.push(row.fault(1, "bad-coefficient", message)),
                Ok(parts) => {
                    if by_id.insert(id, Override { parts, row, used: false }).is_some() {
                        let message = format!("vote `{id}` is overridden twice");
                        faults.push(row.fault(0, "listed-twice", message).help("remove one line"));
                    }
                }
            }
        }
        for (row, part) in table.rows().zip(parts) {
            if let Some(found) = by_id.get_mut(row.cell(ID)) {
                *part = found.parts;
                found.used = true;
            }
        }
        remark_overrides(&by_id, remarks);
    }

    /// Parts in 10,000 of an override's coefficient.
    fn override_parts(&self, text: &str) -> Result<u64, String> {
        let bad =
            || format!("`{text}` is no coefficient; write a decimal from 0 to {COEFFICIENT_MAX}");
        if self.in_floats {
            let value: f64 = text.parse().map_err(|_| bad())?;
            let fits = (0.0..=COEFFICIENT_MAX as f64).contains(&value);
            return if fits { Ok(parts_of_float(value)) } else { Err(bad()) };
        }
        let exact = parse_units(text, DECIMALS).map_err(|_| bad())?;
        let one = U256::from(10_u64).pow(U256::from(DECIMALS));
        let parts = exact / (one / U256::from(PARTS));
        u64::try_from(parts).ok().filter(|parts| *parts <= COEFFICIENT_MAX * PARTS).ok_or_else(bad)
    }
}

/// What an override says.
struct Override<'t> {
    parts: u64,
    row: Row<'t>,
    used: bool,
}

fn remark_overrides(by_id: &BTreeMap<&str, Override<'_>>, remarks: &mut Vec<String>) {
    let some = |text: &str, before: &str| {
        if text.is_empty() { String::new() } else { format!("{before}{text}") }
    };
    let used: Vec<_> = by_id.iter().filter(|(_, found)| found.used).collect();
    for (id, Override { parts, row, .. }) in used.iter().take(LISTED) {
        let (author, reason) = (some(row.cell(2), " by "), some(row.cell(3), ": "));
        remarks.push(format!("override{author}: vote `{id}` counts {}{reason}", percent(*parts)));
    }
    if used.len() > LISTED {
        let more = several(used.len() - LISTED, "vote");
        remarks.push(format!("overrides not shown here: {more}"));
    }
    let unused: Vec<&str> =
        by_id.iter().filter(|(_, found)| !found.used).map(|(id, _)| *id).collect();
    if !unused.is_empty() {
        let overrides = several(unused.len(), "override");
        remarks.push(format!("no such vote for {overrides}: {}", first_of(&unused)));
    }
}

/// The whole parts in 10,000 of a small, non-negative float.
#[expect(clippy::cast_possible_truncation, reason = "cutting is the rule, and it is at most 10^6")]
#[expect(clippy::cast_sign_loss, reason = "coefficients are not negative")]
fn parts_of_float(coefficient: f64) -> u64 {
    (coefficient * PARTS as f64) as u64
}

fn usd(row: Row<'_>) -> Result<f64, Fault> {
    let text = row.cell(USD);
    let value = text.parse::<f64>().ok().filter(|usd| usd.is_finite() && *usd >= 0.0);
    value.ok_or_else(|| {
        let message = format!("`{text}` is no amount in US dollars");
        row.fault(USD, "bad-amount", message)
            .help("`min_donation` is compared with this column; write a number of zero or more")
    })
}

/// What counts of each vote.
fn scale(table: &Table, votes: &mut Votes, parts: &[u64], faults: &mut Faults) {
    let whole = u128::from(PARTS);
    for (row, (amount, part)) in votes.columns.amounts.iter_mut().zip(parts).enumerate() {
        let part = u128::from(*part);
        if part == whole {
            continue;
        }
        let counted = (*amount / whole)
            .checked_mul(part)
            .and_then(|most| most.checked_add(*amount % whole * part / whole));
        if let Some(counted) = counted {
            *amount = counted;
        } else {
            let place = table.row(row).map(|row| row.place(ID));
            let message = "with its override, this vote is 2^128 base units or more";
            faults.push(Fault::new("vote-too-large", message).at_some(place));
        }
    }
}

/// `50%`, from parts in 10,000.
fn percent(parts: u64) -> String {
    let text = format_units(U256::from(parts), 2);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// The first of some names.
pub(super) fn first_of(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use allonet_core::fault::SourceFile;
    use allonet_core::money::Asset;

    use super::super::roster::PROJECT_COLUMNS;
    use super::super::votes::{COLUMNS, Written};
    use super::*;

    const VOTES: &str = "id,voter,project,amount,amount_usd,grant_address\n\
                         1,a,x,10000,1,0xX\n2,b,x,20000,2,0xx\n3,a,y,30000,3,0xy\n\
                         4,c,z,40000,4,0xz\n";

    fn table(name: &str, text: &str, columns: &[Column]) -> Table {
        Table::read(&SourceFile::new(name, text), columns).unwrap()
    }

    fn apply(eligibility: &Eligibility) -> Result<(Vec<u128>, Vec<String>), Vec<String>> {
        let table = table("votes.csv", VOTES, COLUMNS);
        let mut votes = Votes::read(&table, &Asset::new("USD", 0), Written::BaseUnits).unwrap();
        let remarks = eligibility
            .apply(&table, &mut votes)
            .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok((votes.columns.amounts, remarks))
    }

    fn scale() -> Scale {
        Scale { low: 15.0, high: 25.0, floor: Share::new(1, 2).unwrap(), below: Share::ZERO }
    }

    fn scores(text: &str) -> Eligibility {
        let scores = Some((table("scores.csv", text, SCORE_COLUMNS), scale()));
        Eligibility { scores, ..Eligibility::default() }
    }

    fn overrides(text: &str, in_floats: bool) -> Eligibility {
        let overrides = Some(table("overrides.csv", text, OVERRIDE_COLUMNS));
        Eligibility { overrides, in_floats, ..Eligibility::default() }
    }

    fn projects(text: &str) -> Eligibility {
        let projects = Some(table("projects.csv", text, PROJECT_COLUMNS));
        Eligibility { projects, ..Eligibility::default() }
    }

    #[test]
    fn small_votes_do_not_count() {
        for minimum in [Minimum::Usd(2.0), Minimum::Units(Amount::from_base(20_000))] {
            let minimum = Some(("2 USD".to_owned(), minimum));
            let found = apply(&Eligibility { minimum, ..Eligibility::default() }).unwrap();
            assert_eq!(found.0, [0, 20_000, 30_000, 40_000]);
            assert_eq!(found.1, ["not counted: 1 vote below 2 USD"]);
        }
    }

    #[test]
    fn scores_slide() {
        // a: 20 of 15…25 is half way from 50 % to 100 %; c has no score.
        let found = apply(&scores("address,rawScore\nA,1\na,20\nb,25.01\nd,\n")).unwrap();
        assert_eq!(found.0, [7_500, 20_000, 22_500, 0]);
        let at = |score| Eligibility::default().coefficient(&scale(), score);
        assert_eq!(
            ["14.999", "15", "25", "17.77", "", "0"].map(|score| at(score).unwrap()),
            [0, 5_000, 10_000, 6_385, 0, 0]
        );
        for bad in ["-1", "NaN", "x", "1e3"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn overrides_have_the_last_word() {
        let mut both = overrides("id,coefficient,author\n1,1,ann\n4,0.57,\n9,0,\n", false);
        both.scores = scores("voter,score\nb,30\n").scores;
        let (amounts, remarks) = apply(&both).unwrap();
        assert_eq!(amounts, [10_000, 20_000, 0, 22_800]);
        assert_eq!(
            remarks,
            [
                "for the score of their voter, overrides aside: 3 votes not counted, 0 votes \
                 counted in part",
                "override by ann: vote `1` counts 100%",
                "override: vote `4` counts 57%",
                "no such vote for 1 override: `9`",
            ]
        );
    }

    #[test]
    fn floats_cut_as_javascript_does() {
        // 0.57 · 10,000 is 5,699.999… in floats.
        let found = apply(&overrides("id,coefficient\n4,0.57\n", true)).unwrap();
        assert_eq!(found.0[3], 22_796);
        assert_eq!(apply(&overrides("id,coefficient\n4,1.5\n", true)).unwrap().0[3], 60_000);
    }

    #[test]
    fn only_listed_projects_are_paid() {
        let list = "id,status,recipient\nx,APPROVED,0xX\ny,approved,0xZZ\nz,REJECTED,0xz\n";
        let (amounts, remarks) = apply(&projects(list)).unwrap();
        assert_eq!(amounts, [10_000, 20_000]);
        assert_eq!(
            remarks,
            [
                "passed over: 1 vote for 1 project not on the list or not approved: `z`",
                "passed over: 1 vote with another recipient than the list, on lines `4`",
            ]
        );
        assert_eq!(apply(&projects("id\nz\n")).unwrap().0, [40_000]);
    }

    #[test]
    fn bad_tables_are_refused() {
        let first = |eligibility: &Eligibility| apply(eligibility).unwrap_err().swap_remove(0);
        let twice = first(&scores("voter,score\na,1\na,2\n"));
        assert_eq!(twice, "scores.csv:3:1: voter `a` has two scores (remove one of them)");
        for bad in ["what", "", "-1", "101", "NaN", "inf"] {
            for in_floats in [false, true] {
                let fault = first(&overrides(&format!("id,coefficient\n1,{bad}\n"), in_floats));
                let expected = format!(
                    "overrides.csv:2:3: `{bad}` is no coefficient; write a decimal from 0 to 100"
                );
                assert_eq!(fault, expected);
            }
        }
        let twice = first(&overrides("id,coefficient\n1,1\n1,0\n", false));
        assert_eq!(twice, "overrides.csv:3:1: vote `1` is overridden twice (remove one line)");
        assert_eq!(
            first(&projects("id\nX\n")),
            "projects.csv:2:1: none of the 3 projects voted for is on the list as approved, such \
             as `x` (the votes and column `id` of projects.csv must name projects alike)"
        );
        let twice = first(&projects("id\nx\nx\n"));
        assert_eq!(twice, "projects.csv:3:1: project `x` is listed twice (remove one line)");
    }
}
