//! Reads a network file.
//!
//! The file is TOML. Everything in it is checked, and all faults are told at
//! once: unknown keys, wrong types, amounts with too many decimals, ids that
//! nobody declared, settings that the mechanism's card does not allow.
//!
//! ```
//! use std::sync::Arc;
//!
//! use allonet_core::fault::{Fault, SourceFile};
//! use allonet_core::mechanism::NoOracles;
//! use allonet_core::network::file::{Loader, read};
//!
//! struct NoFiles;
//!
//! impl Loader for NoFiles {
//!     fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault> {
//!         Err(Fault::new("no-file", format!("there is no file `{path}`")))
//!     }
//! }
//!
//! let text = r#"
//!     [network]
//!     name = "gifts"
//!
//!     [assets.USDC]
//!     decimals = 6
//!
//!     [sources.treasury]
//!     gives = "1_000 USDC"
//!     to = { alice = "70%", bob = "rest" }
//!
//!     [recipients.alice]
//!     [recipients.bob]
//! "#;
//! let file = SourceFile::new("gifts.allonet.toml", text);
//! let network = read(&file, &[], &mut NoFiles, &NoOracles).expect("the file has no faults");
//! assert_eq!(network.nodes().len(), 3);
//! ```
//!
//! Whoever is paid by name (`to`, `payees`, settings that end in `_to`) must be
//! declared; whoever is named in a data file becomes a recipient by that.

mod assets;
mod item;
mod joins;
mod legs;
mod neurons;
mod nodes;
mod settings;
mod syntax;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use self::assets::Assets;
use self::item::{Item, Section, Sink, entries};
use self::legs::{EdgeChange, Named};
use super::{Bound, Network, NetworkBuilder, NodeKey};
use crate::card::Placed;
use crate::fault::{Fault, Place, SourceFile, did_you_mean};
use crate::mechanism::{Entry, OracleFactory};
use crate::time::Instant;

/// Most epochs of one run.
pub const EPOCHS_MAX: u32 = 10_000;

/// Most epochs by which an edge may delay: those of the longest run.
pub(crate) const DELAY_MAX: u32 = EPOCHS_MAX;

/// Longest name of a network, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// What is wrong with the name of a network, if anything. It names folders, so
/// it must not lead out of the one where it stands.
pub fn name_problem(name: &str) -> Option<String> {
    if let Some(problem) = super::build::id_problem(name) {
        return Some(problem);
    }
    if name.len() > NAME_BYTES_MAX {
        return Some(format!("it has {} bytes, more than {NAME_BYTES_MAX}", name.len()));
    }
    if let Some(bad) = name.chars().find(|c| !c.is_alphanumeric() && !"-_. ".contains(*c)) {
        return Some(format!("it has the character `{bad}`"));
    }
    name.chars().all(|c| c == '.').then(|| "it is only dots".to_owned())
}

/// Gives the text of files next to the network file.
pub trait Loader {
    /// The file under this path, as the network file names it. The fault needs
    /// no place: it gets that of the setting.
    fn load(&mut self, path: &str) -> Result<Arc<SourceFile>, Fault>;
}

/// Reads a network file with the mechanisms of a catalogue.
///
/// All faults are given at once, in the order of the file, those in data files
/// after them. Remarks that do not stop a run are in [`Network::warnings`].
pub fn read(
    file: &Arc<SourceFile>,
    catalogue: &[Entry],
    loader: &mut dyn Loader,
    oracles: &dyn OracleFactory,
) -> Result<Network, Vec<Fault>> {
    let root = syntax::parse(file)?;
    let tables = entries(file, root.get_ref());
    let mut reader = Reader {
        file,
        catalogue,
        loader,
        oracles,
        builder: NetworkBuilder::new(""),
        assets: Assets::default(),
        epochs: 1,
        epoch_ends: Vec::new(),
        epochs_at_fault: false,
        payees: Vec::new(),
        source_edges: Vec::new(),
        edges: Vec::new(),
        promises: Vec::new(),
        recipients_missing: false,
        payees_missing: false,
        faults: Sink::default(),
        warnings: Vec::new(),
    };
    reader.walk(&tables);
    reader.finish()
}

const TABLES: [&str; 8] =
    ["network", "assets", "sources", "neurons", "recipients", "edges", "signals", "promises"];
const NETWORK: [&str; 8] =
    ["name", "title", "description", "asset", "epochs", "epoch_ends", "max_depth", "recipients"];

/// What is known of the network while its file is read.
struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    catalogue: &'a [Entry],
    loader: &'a mut dyn Loader,
    oracles: &'a dyn OracleFactory,
    builder: NetworkBuilder,
    assets: Assets,
    epochs: u32,
    epoch_ends: Vec<Instant>,
    epochs_at_fault: bool,
    /// Everyone who is paid by name.
    payees: Vec<Named>,
    source_edges: Vec<(NodeKey, Named, u64)>,
    edges: Vec<EdgeChange>,
    promises: Vec<(Option<Named>, Placed<Bound>)>,
    /// The table of recipients is at fault, so some ids may be unknown for that.
    recipients_missing: bool,
    /// A neuron is at fault whose data files may name more payees.
    payees_missing: bool,
    faults: Sink,
    warnings: Vec<Fault>,
}

/// Reads one node.
type ReadNode<R> = fn(&mut R, Item<'_>);

impl Reader<'_> {
    fn walk(&mut self, tables: &[Item<'_>]) {
        for item in tables.iter().filter(|item| !TABLES.contains(&item.name)) {
            let message = format!("unknown table or key `{}`", item.name);
            let mut fault = Fault::new("unknown-key", message).at(item.key_place());
            fault.help = did_you_mean(item.name, TABLES);
            self.faults.push(fault);
            // Whatever it was meant to declare is not known now.
            self.recipients_missing = true;
        }
        let find = |name: &str| tables.iter().copied().find(|item| item.name == name);
        let network = self.network(find("network"), find("assets"));
        if let Some(item) = network.as_ref().and_then(|network| network.get("recipients")) {
            self.recipient_table(item);
        }
        let mut nodes = self.each(find("recipients"), "[recipients.alice]", Self::recipient);
        nodes.extend(self.each(find("sources"), "[sources.treasury]", Self::source));
        nodes.extend(self.each(find("neurons"), "[neurons.matching]", Self::neuron));
        // In the order of the file, so that the second of two equal ids is the one at fault.
        nodes.sort_by_key(|(item, _)| item.key_place().span.start);
        for (item, read) in nodes {
            read(self, item);
        }
        self.every(find("edges"), "[[edges]]", Self::edge);
        self.every(find("signals"), "[[signals]]", Self::signal);
        self.every(find("promises"), "[[promises]]", Self::promise);
        self.check_payees();
        self.join_edges();
        self.join_promises();
    }

    /// Keeps faults; those without a place get this one.
    pub(super) fn extend_at(&mut self, faults: Vec<Fault>, place: &Place) {
        for mut fault in faults {
            fault.place.get_or_insert_with(|| place.clone());
            self.faults.push(fault);
        }
    }

    /// Every entry of a table of nodes, with what reads it.
    fn each<'i>(
        &mut self,
        table: Option<Item<'i>>,
        example: &str,
        read: ReadNode<Self>,
    ) -> Vec<(Item<'i>, ReadNode<Self>)> {
        let Some(table) = table else { return Vec::new() };
        let items = self.faults.keep(table.entries(example));
        self.recipients_missing |= items.is_none();
        items.into_iter().flatten().map(|item| (item, read)).collect()
    }

    /// Every element of a list of tables.
    fn every(&mut self, list: Option<Item<'_>>, example: &str, read: fn(&mut Self, Item<'_>)) {
        let items = list.and_then(|list| self.faults.keep(list.list(example)));
        items.into_iter().flatten().for_each(|item| read(self, item));
    }

    /// `[network]` and `[assets]`.
    fn network<'i>(
        &mut self,
        table: Option<Item<'i>>,
        assets: Option<Item<'_>>,
    ) -> Option<Section<'i>> {
        let section = self.network_section(table);
        let main = section.as_ref().and_then(|section| section.get("asset"));
        self.assets = Assets::read(assets, main, &mut self.faults);
        if assets.is_none_or(|item| item.entries("").is_ok_and(|items| items.is_empty())) {
            let place = assets.map_or_else(|| Place::new(self.file, 0..0), Item::key_place);
            let fault = Fault::new("no-asset", "the network has no asset").at(place);
            self.faults.push(fault.help("declare one, for example: [assets.USDC] decimals = 6"));
        }
        if let Some(section) = &section {
            self.describe(section);
        }
        self.assets.declare(&mut self.builder);
        section
    }

    fn describe(&mut self, section: &Section<'_>) {
        section.only(&NETWORK, &mut self.faults);
        let name = section.need("name", "\"spring-round\"").and_then(Item::network_name);
        self.builder = NetworkBuilder::new(self.faults.keep(name).unwrap_or(""));
        let title = section.text("title", &mut self.faults);
        let description = section.text("description", &mut self.faults);
        self.builder.describe(title, description);
        if let Some(item) = section.get("max_depth")
            && let Some(hops) = self.faults.keep(item.count(1..=u32::MAX))
        {
            self.builder.max_depth(hops, Some(item.place()));
        }
        let before = self.faults.count();
        self.time(section);
        self.epochs_at_fault = self.faults.count() > before;
    }

    fn network_section<'i>(&mut self, table: Option<Item<'i>>) -> Option<Section<'i>> {
        let example = "[network] name = \"spring-round\"";
        if let Some(item) = table {
            return self.faults.keep(Section::open(item, "[network]".to_owned(), example));
        }
        let fault = Fault::new("missing-key", "the file has no table [network]");
        let fault = fault.at(Place::new(self.file, 0..0));
        self.faults.push(fault.help(format!("begin with: {example}")));
        None
    }

    /// How many epochs there are and when they end.
    fn time(&mut self, section: &Section<'_>) {
        let epochs = section.get("epochs");
        if let Some(item) = epochs
            && let Some(count) = self.faults.keep(item.whole(1..=i64::from(EPOCHS_MAX)))
        {
            self.epochs = u32::try_from(count).expect("the bounds were checked");
            self.builder.epochs(self.epochs);
        }
        let Some(item) = section.get("epoch_ends") else { return };
        if let Some(epochs) = epochs {
            let message = "`epochs` and `epoch_ends` are both given";
            let fault = epochs.fault("two-lengths", message);
            self.faults.push(fault.help("remove `epochs`: it is the number of `epoch_ends`"));
        }
        let Some(ends) = self.ends(item) else { return };
        self.epochs = u32::try_from(ends.len()).expect("the length was checked");
        self.builder.epoch_ends(ends.clone());
        self.epoch_ends = ends;
    }

    fn ends(&mut self, item: Item<'_>) -> Option<Vec<Instant>> {
        let example = "epoch_ends = [\"2026-01-31T00:00:00Z\"]";
        let items = self.faults.keep(item.list(example))?;
        if items.is_empty() || items.len() > EPOCHS_MAX as usize {
            let message = format!("`epoch_ends` has {} moments", items.len());
            let fault = item.fault("out-of-bounds", message);
            self.faults.push(fault.help(format!("allowed: 1 to {EPOCHS_MAX}")));
            return None;
        }
        let before = self.faults.count();
        let mut ends: Vec<Instant> = Vec::with_capacity(items.len());
        for item in items {
            let Some(end) = self.faults.keep(item.time()) else { continue };
            if let Some(last) = ends.last().filter(|last| **last >= end) {
                let message =
                    format!("this epoch ends at {end}, not after the one before ({last})");
                let fault = item.fault("epoch-order", message);
                self.faults.push(fault.help("give the ends of epochs in order of time"));
            }
            ends.push(end);
        }
        (self.faults.count() == before).then_some(ends)
    }

    /// The network, or all faults.
    fn finish(mut self) -> Result<Network, Vec<Fault>> {
        let own = self.faults.count() > 0;
        match self.builder.build() {
            Ok(mut network) if !own => {
                network.warnings.extend(self.warnings);
                Ok(network)
            }
            Ok(_) => Err(self.faults.into_vec(self.file)),
            Err(faults) => {
                // With parts missing, faults in the shape of the whole mean little.
                let names = ["unknown-node", "unknown-signal", "duplicate-id", "bad-id"];
                let tells = |fault: &Fault| !own || names.contains(&fault.code);
                self.faults.extend(faults.into_iter().filter(tells));
                Err(self.faults.into_vec(self.file))
            }
        }
    }
}
