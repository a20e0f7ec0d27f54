//! The weight file of `dev-tooling`.

use std::collections::BTreeMap;
use std::sync::Arc;

use allonet_core::card::Settings;
use allonet_core::fault::{Fault, SourceFile};
use allonet_core::money::Asset;
use allonet_core::table::Faults;

use super::award::Award;
use super::yaml::{self, Section};

/// Kinds of links, as weight files name them.
const LINKS: [&str; 3] =
    ["package_dependency", "onchain_project_to_developer", "developer_to_devtooling_project"];
/// Which kind links an application to a tool.
pub(crate) const DEPENDENCY: usize = 0;
/// Which kind links an application to a developer.
pub(crate) const COMMITTED: usize = 1;
/// Which kind links a developer to a tool.
pub(crate) const ENGAGED: usize = 2;

/// What is known of a tool from its own table.
pub(crate) const TOOL_METRICS: [&str; 3] = ["star_count", "fork_count", "num_packages_in_deps_dev"];
/// What is counted from links.
pub(crate) const LINK_METRICS: [&str; 2] = ["num_package_connections", "num_developer_connections"];

/// A weight file.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Part that moves on, in the pass of packages and in that of developers.
    pub(crate) alphas: [f64; 2],
    /// Weights of the applications' metrics.
    pub(crate) onchain: BTreeMap<String, f64>,
    /// Weights of the tools' metrics.
    pub(crate) tools: BTreeMap<String, f64>,
    /// Half-life in years, by kind of link.
    pub(crate) half_lives: [f64; 3],
    /// What each kind of link counts in the end.
    pub(crate) link_weights: [f64; 3],
    /// By event in capital letters.
    pub(crate) events: BTreeMap<String, f64>,
    /// By label of a tool.
    pub(crate) utilities: BTreeMap<String, f64>,
    /// Applications with which a tool is eligible.
    pub(crate) least_projects: f64,
    /// Developers with which it is.
    pub(crate) least_developers: f64,
    /// What may be paid.
    pub(crate) award: Award,
}

/// Thresholds of eligibility.
const LEAST: [&str; 2] = ["num_projects_with_package_links", "num_onchain_developers_with_links"];

const KEYS: &[&str] = &[
    "alpha",
    "alpha_onchain",
    "alpha_devtooling",
    "onchain_project_pretrust_weights",
    "devtooling_project_pretrust_weights",
    "link_type_time_decays",
    "link_type_weights",
    "event_type_weights",
    "utility_weights",
    "eligibility_thresholds",
];

impl Plan {
    /// Reads a weight file.
    pub(crate) fn read(
        file: &Arc<SourceFile>,
        settings: &Settings,
        asset: &Asset,
    ) -> Result<Self, Vec<Fault>> {
        const ANY: (f64, f64) = (0.0, f64::INFINITY);
        const PART: (f64, f64) = (0.0, 1.0);
        let node = yaml::read(file)?;
        let root = Section::root(file, &node);
        let mut faults = Faults::new();
        let told = &mut faults;
        root.only(&["data_snapshot", "simulation", "allocation"], told);
        let simulation = root.section("simulation", told);
        simulation.only(KEYS, told);
        let alpha = simulation.number("alpha", PART, Some(0.5), told);
        let tools = simulation.section("devtooling_project_pretrust_weights", told);
        tools.only(&[TOOL_METRICS.as_slice(), &LINK_METRICS].concat(), told);
        let half_lives = simulation.section("link_type_time_decays", told);
        let link_weights = simulation.section("link_type_weights", told);
        half_lives.only(&LINKS, told);
        link_weights.only(&LINKS, told);
        let events = simulation.section("event_type_weights", told).weights(told);
        let least = simulation.section("eligibility_thresholds", told);
        least.only(&LEAST, told);
        let utilities = simulation
            .has("utility_weights")
            .then(|| simulation.section("utility_weights", told).weights(told));
        let plan = Self {
            alphas: ["alpha_onchain", "alpha_devtooling"]
                .map(|key| simulation.number(key, PART, Some(alpha), told)),
            onchain: simulation.section("onchain_project_pretrust_weights", told).weights(told),
            tools: tools.weights(told),
            half_lives: LINKS.map(|key| half_lives.number(key, (1e-6, 1e6), None, told)),
            link_weights: LINKS.map(|key| link_weights.number(key, ANY, Some(1.0), told)),
            events: events.into_iter().map(|(event, w)| (event.to_uppercase(), w)).collect(),
            utilities: utilities.unwrap_or_default(),
            least_projects: least.number(LEAST[0], ANY, Some(0.0), told),
            least_developers: least.number(LEAST[1], ANY, Some(0.0), told),
            award: Award::read(&root.section("allocation", told), settings, asset, told),
        };
        faults.or(plan)
    }
}
