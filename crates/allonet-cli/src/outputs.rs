//! The files a run writes, as bytes: `run` saves them, `verify` compares them.

use std::collections::BTreeMap;

use allonet_core::engine::Run;
use allonet_core::exhibit::Exhibit;
use allonet_core::money::Asset;
use allonet_core::network::Network;
use allonet_core::payout::{
    LeftOut, PayoutError, PayoutRow, Reason, by_asset, csv, drips, merkle, safe, splits,
};
use allonet_core::receipt::{Context, FileHash, Receipt, payout_rows, receipt};

use crate::report;
use crate::ui::counted;

/// Name of the receipt among the outputs.
pub(crate) const RECEIPT: &str = "receipt.json";
/// Name of the file from which an unfinished run goes on.
pub(crate) const STATE: &str = "state.json";
/// Name of the questions and answers of programs.
pub(crate) const PROGRAMS: &str = "programs.jsonl";

/// Everything a run writes.
pub(crate) struct RunFiles {
    /// Files by name, the receipt among them.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// The receipt.
    pub(crate) receipt: Receipt,
    /// What could not be written, and why.
    pub(crate) notes: Vec<String>,
}

/// Writes all files of a run. `programs` is the transcript of programs asked,
/// empty where none was.
pub(crate) fn outputs(
    network: &Network,
    run: &Run,
    context: Context,
    programs: &str,
) -> Result<RunFiles, PayoutError> {
    let rows = payout_rows(network, run);
    let mut files = BTreeMap::new();
    let mut notes = Vec::new();
    files.insert("payouts.csv".to_owned(), csv::payouts(&rows, &titles(network))?.into_bytes());
    let mut trees = BTreeMap::new();
    let names = stems(network.assets().iter().map(Asset::id));
    for (asset, rows) in by_asset(rows.clone()) {
        let tree = merkle::build(&rows)?;
        let name = &names[&asset];
        files.insert(format!("merkle-{name}.json"), tree.dump().into_bytes());
        trees.insert(asset.clone(), tree);
        lists(&asset, name, &rows, &mut files, &mut notes);
    }
    let chains = stems(network.assets().iter().filter_map(|asset| asset.chain.clone()));
    airdrops(&rows, &chains, &mut files, &mut notes);
    if !run.is_finished(network) {
        let state = serde_json::to_vec(&run.checkpoint(network)).expect("a state is plain data");
        files.insert(STATE.to_owned(), state);
    }
    if !programs.is_empty() {
        files.insert(PROGRAMS.to_owned(), programs.as_bytes().to_vec());
    }
    tables(network, run, &mut files);
    let mut receipt = receipt(network, run, &trees, context);
    let page = report::render(&report::build(network, run, &receipt));
    files.insert("report.html".to_owned(), page.into_bytes());
    receipt.outputs = files.iter().map(|(name, bytes)| FileHash::of(name, bytes)).collect();
    files.insert(RECEIPT.to_owned(), receipt_bytes(&receipt));
    Ok(RunFiles { files, receipt, notes })
}

/// The tables that neurons show, each neuron's as of its last turn that showed
/// any.
pub(crate) fn last_exhibits(run: &Run) -> impl Iterator<Item = (u32, &Exhibit)> {
    let mut last: BTreeMap<u32, &[Exhibit]> = BTreeMap::new();
    for rule in run.records.iter().flat_map(|record| &record.rules) {
        if !rule.exhibits.is_empty() {
            last.insert(rule.node, &rule.exhibits);
        }
    }
    last.into_iter().flat_map(|(node, tables)| tables.iter().map(move |table| (node, table)))
}

/// Each table that a neuron shows as a file of its own.
fn tables(network: &Network, run: &Run, files: &mut BTreeMap<String, Vec<u8>>) {
    let named =
        |(node, table): (u32, &Exhibit)| format!("{}-{}", network.node(node).id, table.title);
    let stems = stems(last_exhibits(run).map(named));
    for shown in last_exhibits(run) {
        let name = format!("table-{}.csv", stems[&named(shown)]);
        files.insert(name, shown.1.csv().into_bytes());
    }
}

/// A receipt as it is written: indented JSON, one line feed at the end.
pub(crate) fn receipt_bytes(receipt: &Receipt) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(receipt).expect("a receipt is plain data");
    bytes.push(b'\n');
    bytes
}

fn titles(network: &Network) -> BTreeMap<String, String> {
    let titled = network.nodes().iter().filter(|node| node.title() != &*node.id);
    titled.map(|node| (node.id.to_string(), node.title().to_owned())).collect()
}

/// Longest readable part of a file name.
const STEM_BYTES_MAX: usize = 80;

/// Ids of assets or chains as parts of file names. Where two would share a name,
/// or one is too long, a digest of the id makes the difference: no file may take
/// the place of another.
fn stems(ids: impl Iterator<Item = String>) -> BTreeMap<String, String> {
    let mut stems: BTreeMap<String, String> = ids
        .map(|id| {
            let slug = slug(&id);
            let stem = if slug.len() > STEM_BYTES_MAX { digested(&id, 8) } else { slug };
            (id, stem)
        })
        .collect();
    for digits in (8..=64).step_by(8) {
        let mut uses: BTreeMap<String, usize> = BTreeMap::new();
        for stem in stems.values() {
            *uses.entry(stem.clone()).or_default() += 1;
        }
        for (id, stem) in stems.iter_mut().filter(|(_, stem)| uses[*stem] > 1) {
            *stem = digested(id, digits);
        }
    }
    stems
}

fn digested(id: &str, digits: usize) -> String {
    let mut stem = slug(id);
    stem.truncate(STEM_BYTES_MAX);
    format!("{stem}-{}", &blake3::hash(id.as_bytes()).to_hex()[..digits])
}

fn slug(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    id.to_lowercase().chars().map(plain).collect()
}

/// Lists for contracts that divide by weight. They need addresses; where there
/// are too few, a note says so.
fn lists(
    asset: &str,
    name: &str,
    rows: &[PayoutRow],
    files: &mut BTreeMap<String, Vec<u8>>,
    notes: &mut Vec<String>,
) {
    let addressed = rows.iter().filter(|row| row.address.is_some()).count();
    if addressed < 2 {
        notes.push(format!(
            "no 0xSplits lists for {asset}: they need at least two recipients with an \
             address, found {addressed}"
        ));
    } else {
        let lists = [
            ("v1", splits::v1(rows, 0).map(|list| list.to_json())),
            ("v2", splits::v2(rows, 0).map(|list| list.to_json())),
        ];
        for (version, list) in lists {
            let file = format!("splits-{version}-{name}.json");
            match list {
                Ok(text) => drop(files.insert(file, text.into_bytes())),
                Err(error) => notes.push(format!("{file} was not written: {error}")),
            }
        }
    }
    match drips::list(rows) {
        Ok(list) => {
            files.insert(format!("drips-{name}.json"), list.to_json().into_bytes());
            files.insert(format!("drips-{name}.csv"), list.to_csv().into_bytes());
        }
        Err(_) => notes.push(format!(
            "no Drips list for {asset}: no recipient has an address or is a GitHub repository"
        )),
    }
}

/// Safe CSV Airdrop files, and a list of whom they cannot pay.
fn airdrops(
    rows: &[PayoutRow],
    chains: &BTreeMap<String, String>,
    files: &mut BTreeMap<String, Vec<u8>>,
    notes: &mut Vec<String>,
) {
    match safe::batches(rows) {
        Ok(batches) => {
            for batch in &batches.batches {
                let name = format!("safe-{}-{:03}.csv", chains[&batch.chain], batch.number);
                files.insert(name, batch.csv.clone().into_bytes());
            }
            for shared in &batches.shared {
                notes.push(format!(
                    "{} is the address of several recipients: {}",
                    shared.address,
                    shared.recipients.join(", ")
                ));
            }
            if !batches.left_out.is_empty() {
                let list = csv::left_out(&batches.left_out).into_bytes();
                files.insert("not-payable.csv".to_owned(), list);
            }
            let others = |row: &&LeftOut| row.reason != Reason::UnsoundAsset;
            let without = batches.left_out.iter().filter(others).count();
            if without > 0 {
                notes.push(format!(
                    "not in a Safe file but in not-payable.csv: {} without chain or address",
                    counted(without, "payout")
                ));
            }
            let unsound = batches.unsound.iter();
            notes.extend(unsound.map(|why| format!("only in not-payable.csv: {why}")));
        }
        Err(PayoutError::NoRows) => {}
        Err(error) => notes.push(format!("no Safe files were written: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(ids: &[&str]) -> Vec<String> {
        stems(ids.iter().map(|id| (*id).to_owned())).into_values().collect()
    }

    #[test]
    fn names_are_plain_where_nothing_is_confused_by_it() {
        let ids = ["OP", "USDC@optimism:0x0b2c", "USDC@base"];
        assert_eq!(named(&ids), ["op", "usdc-base", "usdc-optimism-0x0b2c"]);
    }

    #[test]
    fn no_two_assets_share_a_file() {
        let pairs = [["arbitrum one", "arbitrum-one"], ["U.DC", "U-DC"], ["€", "£"]];
        for pair in pairs.into_iter().chain([["USDC@base", "usdc@Base"]]) {
            let names = named(&pair);
            assert_ne!(names[0], names[1]);
            assert!(names.iter().all(|name| name.len() == slug(pair[0]).len() + 9), "{names:?}");
        }
        // One that looks as if it had its digest already.
        let taken = digested("U.DC", 8);
        let names = named(&["U.DC", "U-DC", &taken]);
        let mut unique = names.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), 3, "{names:?}");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let (one, other) = ("x".repeat(200), "x".repeat(201));
        let names = named(&[&one, &other]);
        assert!(names[0] != names[1] && names.iter().all(|name| name.len() == 89), "{names:?}");
    }
}
