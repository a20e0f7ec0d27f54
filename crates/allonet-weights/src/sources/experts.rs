//! Weights that experts fill in by hand, with who, when and why, and what comes
//! of several experts together.
//!
//! # Formula
//!
//! ```text
//! p_e = weights of expert e, divided by their sum;  v_e = the expert's voice
//! geometric    weight_i ∝ Π p_ei^(v_e / Σ v)
//! arithmetic   weight_i = Σ v_e p_ei / Σ v
//! median       weight_i ∝ the middle of p_ei, each counting v_e
//! ```
//!
//! # Format
//!
//! Columns `expert`, `item`, `weight`, and if wanted `voice`, `date`, `reason`.
//! Every expert weighs every item once. Weights of an expert add up to 1 or to
//! 100 (per cent), to one part in a thousand: another sum is a slip and refused.
//!
//! # Known weaknesses
//!
//! * Arithmetic: one expert alone can give an item much. Geometric: one expert
//!   alone can take all from an item; a zero counts as a veto and is refused.
//! * Median: who is alone with an opinion is not heard at all; weights are scaled
//!   to add up to one again.
//!
//! # Sources
//!
//! * Genest, Zidek (1986), *Combining probability distributions: a critique and
//!   an annotated bibliography*.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::fault::{Fault, SourceFile, did_you_mean};
use allonet_core::maths;
use allonet_core::table::{Column, Faults, Row, Table};

use crate::comparisons::Naming;

const COLUMNS: &[Column] = &[
    Column::required(&["expert", "author", "juror", "who"]),
    Column::required(&["item", "repo", "repository", "project", "name"]),
    Column::required(&["weight", "share"]),
    Column::optional(&["voice", "expert_weight", "confidence"]),
    Column::optional(&["date", "time", "when"]),
    Column::optional(&["reason", "note", "why"]),
];
const EXPERT: usize = 0;
const ITEM: usize = 1;
const WEIGHT: usize = 2;
const VOICE: usize = 3;
const DATE: usize = 4;
const REASON: usize = 5;
/// How far a sum may be off, relative to it.
const SLACK: f64 = 1e-3;

/// What one expert says.
#[derive(Debug, Clone, PartialEq)]
pub struct Expert {
    /// Who.
    pub name: String,
    /// How much the expert counts, above zero; 1 where the table does not say.
    pub voice: f64,
    /// Share of each item, adding up to one.
    pub shares: Vec<f64>,
    /// What the weights added up to as written.
    pub sum: f64,
    /// For each item when and why, as written; empty where not said.
    pub notes: Vec<Note>,
}

/// When and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// When.
    pub date: String,
    /// Why.
    pub reason: String,
}

/// How experts are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooling {
    /// Weighted geometric mean.
    Geometric,
    /// Weighted arithmetic mean.
    Arithmetic,
    /// Weighted median.
    Median,
}

/// Reads experts, by name.
///
/// Faults: those of [`Table::read`], `no-expert`, `unknown-item`, `double-item`,
/// `bad-weight`, `bad-voice`, `two-voices`, `missing-items`, `weights-sum`.
pub fn read(
    file: &Arc<SourceFile>,
    items: &[String],
    naming: &Naming,
) -> Result<Vec<Expert>, Vec<Fault>> {
    let table = Table::read(file, COLUMNS)?;
    let known: BTreeMap<&str, usize> =
        items.iter().enumerate().map(|(at, item)| (item.as_str(), at)).collect();
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let mut faults = Faults::new();
    for row in table.rows() {
        let name = naming.name(row.cell(ITEM));
        if let Some(at) = known.get(name.as_str()) {
            take(row, *at, items.len(), &mut drafts).unwrap_or_else(|fault| faults.push(fault));
        } else {
            let mut fault = row.fault(ITEM, "unknown-item", format!("`{name}` is no item"));
            fault.help = did_you_mean(&name, items.iter().map(String::as_str));
            faults.push(fault);
        }
    }
    if table.is_empty() {
        faults.push(Fault::new("no-expert", format!("{} has no rows", file.path)));
    }
    faults.or(())?;
    let mut faults = Faults::new();
    let experts: Vec<Expert> = drafts
        .into_iter()
        .filter_map(|(name, draft)| {
            draft.finish(name, items, file).map_err(|fault| faults.push(fault)).ok()
        })
        .collect();
    faults.or(experts)
}

struct Draft {
    voice: f64,
    weights: Vec<Option<f64>>,
    notes: Vec<Note>,
}

/// Takes in one row.
fn take(
    row: Row<'_>,
    item: usize,
    items: usize,
    drafts: &mut BTreeMap<String, Draft>,
) -> Result<(), Fault> {
    let name = row.cell(EXPERT);
    if name.is_empty() {
        return Err(row.fault(EXPERT, "no-expert", "this row does not say whose it is"));
    }
    let number = |column: usize, code: &'static str, least: f64| {
        let text = row.cell(column);
        let found = text.parse::<f64>().ok().filter(|found| found.is_finite() && *found >= least);
        let help = format!("write a plain number, at least {least}");
        found.ok_or_else(|| row.fault(column, code, format!("`{text}` is no number")).help(help))
    };
    let weight = number(WEIGHT, "bad-weight", 0.0)?;
    let voice = if row.cell(VOICE).is_empty() {
        1.0
    } else {
        number(VOICE, "bad-voice", f64::MIN_POSITIVE)?
    };
    let draft = drafts.entry(name.to_owned()).or_insert_with(|| Draft {
        voice,
        weights: vec![None; items],
        notes: vec![Note::default(); items],
    });
    if draft.voice.to_bits() != voice.to_bits() {
        let message = format!("`{name}` has the voice {} above and {voice} here", draft.voice);
        return Err(row.fault(VOICE, "two-voices", message));
    }
    if draft.weights[item].replace(weight).is_some() {
        let message = format!("`{name}` has weighed this item above already");
        return Err(row.fault(ITEM, "double-item", message));
    }
    draft.notes[item] =
        Note { date: row.cell(DATE).to_owned(), reason: row.cell(REASON).to_owned() };
    Ok(())
}

impl Draft {
    fn finish(self, name: String, items: &[String], file: &SourceFile) -> Result<Expert, Fault> {
        if let Some(at) = self.weights.iter().position(Option::is_none) {
            let message = format!("`{name}` does not weigh `{}` in {}", items[at], file.path);
            let help = "an expert weighs every item; write 0 for nothing";
            return Err(Fault::new("missing-items", message).help(help));
        }
        let weights: Vec<f64> = self.weights.into_iter().flatten().collect();
        let sum = maths::sum(weights.iter().copied());
        if ![1.0, 100.0].iter().any(|whole| (sum - whole).abs() <= SLACK * whole) {
            let message = format!("the weights of `{name}` in {} add up to {sum}", file.path);
            return Err(Fault::new("weights-sum", message).help("they add up to 1, or to 100"));
        }
        let shares = weights.into_iter().map(|weight| weight / sum).collect();
        Ok(Expert { name, voice: self.voice, shares, sum, notes: self.notes })
    }
}

/// Shares of all experts together, adding up to one; the error is the place of
/// an item that an expert gives nothing and the pooling has no answer to, or of
/// the first item where nothing is left to anybody.
///
/// ```
/// use allonet_weights::sources::experts::{Expert, Pooling, pool};
///
/// let expert = |shares: [f64; 2], voice: f64| Expert {
///     name: String::new(),
///     voice,
///     shares: shares.to_vec(),
///     sum: 1.0,
///     notes: Vec::new(),
/// };
/// let experts = [expert([0.9, 0.1], 1.0), expert([0.5, 0.5], 1.0)];
/// assert!((pool(&experts, Pooling::Arithmetic).unwrap()[0] - 0.7).abs() < 1e-12);
/// // Odds 9 and 1 have the geometric mean 3.
/// assert!((pool(&experts, Pooling::Geometric).unwrap()[0] - 0.75).abs() < 1e-12);
/// ```
pub fn pool(experts: &[Expert], pooling: Pooling) -> Result<Vec<f64>, usize> {
    let items = experts.first().map_or(0, |expert| expert.shares.len());
    let voices = maths::sum(experts.iter().map(|expert| expert.voice));
    let mean = |of: &dyn Fn(f64) -> f64, item: usize| {
        maths::sum(experts.iter().map(|expert| expert.voice / voices * of(expert.shares[item])))
    };
    let mut pooled = Vec::with_capacity(items);
    for item in 0..items {
        pooled.push(match pooling {
            Pooling::Arithmetic => mean(&|share| share, item),
            Pooling::Geometric => {
                if experts.iter().any(|expert| expert.shares[item] <= 0.0) {
                    return Err(item);
                }
                maths::exp(mean(&maths::ln, item))
            }
            Pooling::Median => median(experts, item),
        });
    }
    let sum = maths::sum(pooled.iter().copied());
    if items > 0 && sum <= 0.0 {
        return Err(0);
    }
    Ok(pooled.into_iter().map(|part| part / sum).collect())
}

/// The middle of the experts' shares; the mean of two where the middle lies
/// between them.
fn median(experts: &[Expert], item: usize) -> f64 {
    let mut said: Vec<(f64, f64)> =
        experts.iter().map(|expert| (expert.shares[item], expert.voice)).collect();
    said.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = maths::sum(said.iter().map(|pair| pair.1)) / 2.0;
    let mut before = 0.0;
    for (at, (share, voice)) in said.iter().enumerate() {
        before += voice;
        // Voices are usually whole numbers; a half of them may be met up to rounding only.
        if (before - half).abs() <= 1e-12 * half {
            return f64::midpoint(*share, said.get(at + 1).map_or(*share, |next| next.0));
        }
        if before > half {
            return *share;
        }
    }
    said.last().map_or(0.0, |last| last.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(rows: &str) -> Result<Vec<Expert>, Vec<Fault>> {
        let items = ["a".to_owned(), "b".to_owned()];
        let text = format!("expert,item,weight,voice,date,reason\n{rows}");
        read(&SourceFile::new("e.csv", text), &items, &Naming::Verbatim)
    }

    #[test]
    fn who_when_and_why_are_kept() {
        let experts =
            from("zoe,b,25,2,2025-01-02,used less\nzoe,a,75,2,,\nann,a,.5,,,\nann,b,.5,,,\n");
        let experts = experts.unwrap();
        assert_eq!(
            experts.iter().map(|expert| &expert.name[..]).collect::<Vec<_>>(),
            ["ann", "zoe"]
        );
        assert_eq!(experts[1].shares, [0.75, 0.25]);
        assert_eq!(
            (experts[1].voice.to_bits(), experts[1].sum.to_bits()),
            (2.0_f64.to_bits(), 100.0_f64.to_bits())
        );
        assert_eq!(
            experts[1].notes[1],
            Note { date: "2025-01-02".into(), reason: "used less".into() }
        );
        // (0.5 + 2 · 0.75) / 3.
        let pooled = pool(&experts, Pooling::Arithmetic).unwrap();
        assert!((pooled[0] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(pool(&experts, Pooling::Median).unwrap(), [0.75, 0.25]);
    }

    #[test]
    fn wrong_rows_are_named() {
        let refused = |rows: &str| from(rows).unwrap_err()[0].to_string();
        assert!(refused("ann,a,.5,,,\n").contains("does not weigh `b`"));
        assert!(refused("ann,a,.5,,,\nann,b,.6,,,\n").contains("add up to 1.1"));
        assert!(refused("ann,a,x,,,\n").starts_with("e.csv:2:7: `x`"));
        assert!(refused("ann,c,1,,,\n").contains("`c` is no item"));
        assert!(refused("ann,a,1,0,,\n").contains("`0` is no number"));
        assert!(refused("ann,a,.5,1,,\nann,b,.5,2,,\n").contains("the voice 1 above and 2 here"));
        assert!(refused("ann,a,1,,,\nann,a,1,,,\n").contains("above already"));
        assert!(refused("").contains("has no rows"));
    }

    #[test]
    fn a_zero_is_no_part_of_a_geometric_mean() {
        let experts = from("ann,a,0,,,\nann,b,1,,,\nben,a,1,,,\nben,b,0,,,\n").unwrap();
        assert_eq!(pool(&experts, Pooling::Geometric), Err(0));
        assert_eq!(pool(&experts, Pooling::Median), Ok(vec![0.5, 0.5]));
        let thrice = [experts[0].clone(), experts[0].clone(), experts[1].clone()];
        assert_eq!(pool(&thrice, Pooling::Median), Ok(vec![0.0, 1.0]));
    }
}
