//! What kind of file it is, and what the network might be called.

use std::path::Path;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile};
use allonet_core::table::{Column, Table};
use allonet_weights::import;

use super::{export, kinds};
use crate::args::Kind;
use crate::diagnose::Failure;

/// Headers that only votes have.
const VOTING: [&str; 14] = [
    "voter",
    "voteraddress",
    "donor",
    "donoraddress",
    "contributor",
    "contributoraddress",
    "user",
    "wallet",
    "applicationid",
    "application",
    "grant",
    "grantid",
    "voteid",
    "donationid",
];
/// Headers that only payments have.
const PAYING: [&str; 9] = [
    "payer",
    "funder",
    "fromfundername",
    "fromname",
    "from",
    "payee",
    "toprojectname",
    "toname",
    "to",
];
/// Headers of what is given.
const GIVING: [&str; 9] = [
    "amount",
    "value",
    "donation",
    "contribution",
    "amountusd",
    "usd",
    "usdamount",
    "valueusd",
    "totalamountusd",
];

/// The kind of a file, by its name and content.
pub(super) fn kind(file: &Arc<SourceFile>) -> Result<Kind, Failure> {
    let header = header(&file.text);
    let has = |names: &[&str]| header.iter().any(|cell| names.contains(&plain(cell).as_str()));
    if export::is_json(&file.text)
        && let Some(kind) = export::kind(&file.text)
    {
        return Ok(kind);
    }
    if let Some(kind) = platform(&has) {
        return Ok(kind);
    }
    if has(&GIVING) && has(&VOTING) {
        return Ok(Kind::Votes);
    }
    if has(&GIVING) && has(&PAYING) {
        return Ok(Kind::Payments);
    }
    let name = Path::new(&file.path).file_name().unwrap_or_default().to_string_lossy();
    if let Some(kind) = import::detect(&name, &file.text).and_then(kinds::of) {
        return Ok(kind);
    }
    let message = format!("cannot tell what kind of file `{}` is", file.path);
    let fault = Fault::new("unknown-kind", message);
    if header.len() < 2 {
        let help = "`allonet new` lists what can be read; say with --kind what this is";
        return Err(fault.help(help).into());
    }
    let end = file.text.find('\n').unwrap_or(file.text.len());
    Err(fault
        .at(Place::new(file, 0..end))
        .label("these columns say neither who votes nor who pays")
        .help(
            "votes have the columns voter, project, amount; payments payer, payee, amount; \
             dependencies repo, parent, weight. Rename the columns, or say with --kind",
        )
        .into())
}

/// The kind of a table with columns that only one platform has.
fn platform(has: &dyn Fn(&[&str]) -> bool) -> Option<Kind> {
    if has(&["choice"]) && has(&["voter", "address", "voteraddress", "user"]) {
        return Some(Kind::Snapshot);
    }
    if has(&["metric", "metricid", "metricname"]) && has(&["weight", "allocation", "share"]) {
        return Some(Kind::Rf4);
    }
    let money = has(&["amountusd", "amountinroundtoken", "amountroundtoken", "grantaddress"]);
    if has(&["voterid", "badgeholder", "ballotid"]) && has(&["amount", "votes"]) && !money {
        return Some(Kind::Ballots);
    }
    let octant = has(&["proposal", "proposaladdress"])
        || (has(&["projectaddress"]) && has(&["donor", "useraddress"]));
    (octant && has(&["amount", "allocation"])).then_some(Kind::Octant)
}

/// The cells of the first line that is not empty, if it is a table's.
pub(super) fn header(text: &str) -> Vec<String> {
    let text = text.trim_start_matches('\u{feff}');
    let Some(line) = text.lines().find(|line| !line.trim().is_empty()) else { return Vec::new() };
    let count = |delimiter: char| line.matches(delimiter).count();
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|d| (count(*d), *d == ','));
    let cells = line.split(delimiter.unwrap_or(','));
    cells.map(|cell| cell.trim().trim_matches('"').trim().to_owned()).collect()
}

/// Which columns of a table are taken for what, by their names in the file.
pub(super) fn columns_used(
    file: &SourceFile,
    columns: &[Column],
    used: &[(&str, usize)],
) -> String {
    let text = file.text.trim_start_matches('\u{feff}');
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // A table whose only row is its own header says where each column is.
    let twice = SourceFile::new("", format!("{line}\n{line}\n"));
    let table = Table::read(&twice, columns).ok();
    let Some(row) = table.as_ref().and_then(|table| table.row(0)) else {
        return "the columns are named as usual".to_owned();
    };
    let parts = used.iter().map(|(need, at)| format!("{need} = `{}`", row.cell(*at)));
    format!("columns used: {}", parts.collect::<Vec<_>>().join(", "))
}

/// A header without what makes no difference.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|c| !matches!(c, ' ' | '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

/// A name for the network: that of the file, or of the folder of a lock file,
/// whose own name says nothing.
pub(super) fn name(from: &Path) -> String {
    const NAMELESS: [&str; 9] =
        ["cargo", "package-lock", "npm-shrinkwrap", "go", "uv", "poetry", "bom", "sbom", "graph"];
    let file = from.file_name().unwrap_or_default().to_string_lossy();
    let stem = file.split('.').next().unwrap_or_default().to_owned();
    let nameless = stem.is_empty() || NAMELESS.contains(&stem.to_lowercase().as_str());
    let folder = nameless.then(|| std::path::absolute(from).ok()).flatten();
    let folder = folder.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let name = folder.map_or(stem, |folder| folder.to_string_lossy().into_owned());
    super::plan::file_name(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Result<Kind, String> {
        kind(&SourceFile::new(path, text)).map_err(|failure| failure.faults[0].to_string())
    }

    #[test]
    fn headers_tell_votes_from_payments() {
        for (header, kind) in [
            ("voter,project,amount", Kind::Votes),
            ("\u{feff}Voter Address;Project;Amount USD", Kind::Votes),
            ("donor\trecipient\tvalue", Kind::Votes),
            ("from,to,amount", Kind::Payments),
            ("to_project_name,amount,funding_date,from_funder_name", Kind::Payments),
            ("\"Payer\",\"Payee\",\"Amount\"", Kind::Payments),
            ("repo,parent,weight", Kind::WeightCsv),
            ("seed_repo,dependency_repo", Kind::EdgesCsv),
        ] {
            assert_eq!(found("a.csv", &format!("{header}\n")), Ok(kind), "{header}");
        }
        assert_eq!(found("x/Cargo.lock", "version = 4\n"), Ok(Kind::CargoLock));
        assert_eq!(found("g.json", "{\"nodes\":[],\"links\":[]}"), Ok(Kind::NodeLink));
    }

    #[test]
    fn the_columns_in_use_are_named() {
        const COLUMNS: &[Column] =
            &[Column::required(&["voter", "donor"]), Column::required(&["amount", "amount_usd"])];
        let file = SourceFile::new("a.csv", "\u{feff}\nId;Donor;Amount USD\n1;a;2\n");
        let told = columns_used(&file, COLUMNS, &[("voter", 0), ("amount", 1)]);
        assert_eq!(told, "columns used: voter = `Donor`, amount = `Amount USD`");
    }

    #[test]
    fn what_is_unknown_is_said() {
        assert!(found("a.csv", "x,y\n").unwrap_err().contains("votes have the columns"));
        assert!(found("a.txt", "hello").unwrap_err().contains("lists what can be read"));
        assert!(found("a.txt", "").is_err());
    }

    #[test]
    fn names_come_from_the_file_or_its_folder() {
        assert_eq!(name(Path::new("rounds/spring.votes.csv")), "spring");
        assert_eq!(name(Path::new("/x/my project/Cargo.lock")), "my-project");
        assert_eq!(name(Path::new("/go.mod")), "go");
    }
}
