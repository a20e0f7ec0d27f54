//! A market's log: what happened, in order, from which the market is rebuilt to
//! the last byte.
//!
//! | action | needs |
//! |---|---|
//! | `list` | `outcome`: one more, before anything else |
//! | `deposit`, `withdraw` | `amount` of collateral from or to outside |
//! | `mint`, `merge` | `amount` of complete sets |
//! | `open-lmsr` | `amount`: the liquidity `b`; the trader pays `⌈b ln n⌉` |
//! | `open-constant-product`, `open-concentrated` | `fee_ppm`, 10,000 if empty |
//! | `add` | `outcome`, `amount` of collateral with at most `tokens`; or as below |
//! | `remove` | `outcome`, `amount` of shares or liquidity (`lower`, `upper`) |
//! | `buy` | `outcome`, `amount` of collateral; at least `least` tokens |
//! | `sell` | `outcome`, `amount` of tokens; for at least `least` collateral |
//! | `window` | `amount` of seconds in which a ruling may be disputed |
//! | `answer` | `outcome`, `amount`: its weight; empty where invalid |
//! | `resolve` | `trader`: who rules by these answers, `note`: why |
//!
//! In concentrated pools `add` takes an `amount` of liquidity from tick `lower`
//! to `upper`, and the first time the `price`.
//!
//! # Example
//!
//! ```
//! use allonet_core::fault::SourceFile;
//! use allonet_weights::market::Log;
//!
//! let text = "time,trader,action,outcome,amount\n\
//!             2026-01-01,op,list,geth,\n\
//!             2026-01-01,op,list,reth,\n\
//!             2026-01-01,op,deposit,,70\n\
//!             2026-01-01,op,open-lmsr,,100\n\
//!             2026-01-02,ann,deposit,,50\n\
//!             2026-01-02,ann,buy,geth,50\n";
//! let log = Log::read(&SourceFile::new("log.csv", text))?;
//! let market = log.replay()?.market;
//! // 100 ln(1 + (e^0.5 − 1) / 0.5) = 83.1, rounded down.
//! assert_eq!(market.accounts().of("ann").tokens[0].to_string(), "83");
//! # Ok::<(), Vec<allonet_core::fault::Fault>>(())
//! ```

use std::fmt::Write as _;
use std::str::FromStr;
use std::sync::Arc;

use allonet_core::fault::{Fault, Place, SourceFile, did_you_mean};
use allonet_core::money::Amount;
use allonet_core::table::{Column, Faults, Row, Table};
use allonet_core::time::Instant;

use super::book::Market;
use super::weights::Quote;
use super::{Maker, MarketError};

const COLUMNS: &[Column] = &[
    Column::required(&["time", "timestamp", "date"]),
    Column::required(&["trader", "account", "who"]),
    Column::required(&["action", "event"]),
    Column::optional(&["outcome", "item", "repo"]),
    Column::optional(&["amount"]),
    Column::optional(&["tokens"]),
    Column::optional(&["least", "min_out"]),
    Column::optional(&["fee_ppm"]),
    Column::optional(&["price"]),
    Column::optional(&["lower"]),
    Column::optional(&["upper"]),
    Column::optional(&["note", "reason"]),
];
const TIME: usize = 0;
const TRADER: usize = 1;
const ACTION: usize = 2;
const OUTCOME: usize = 3;
const AMOUNT: usize = 4;
const TOKENS: usize = 5;
const LEAST: usize = 6;
const FEE: usize = 7;
const PRICE: usize = 8;
const LOWER: usize = 9;
const UPPER: usize = 10;
const NOTE: usize = 11;

/// What can happen in a market; see the [module](self).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// One more outcome.
    List,
    /// Collateral comes in.
    Deposit,
    /// Collateral goes out.
    Withdraw,
    /// Collateral becomes complete sets.
    Mint,
    /// Complete sets become collateral.
    Merge,
    /// A logarithmic market scoring rule for all outcomes.
    OpenLmsr,
    /// A pool of constant product for each outcome.
    OpenConstantProduct,
    /// A pool of concentrated liquidity for each outcome.
    OpenConcentrated,
    /// Money for tokens.
    Buy,
    /// Tokens for money.
    Sell,
    /// Liquidity for a pool.
    Add,
    /// Liquidity out of a pool.
    Remove,
    /// How long a ruling may be disputed.
    Window,
    /// An answer to be ruled on.
    Answer,
    /// A ruling by the answers given.
    Resolve,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::List,
        Self::Deposit,
        Self::Withdraw,
        Self::Mint,
        Self::Merge,
        Self::OpenLmsr,
        Self::OpenConstantProduct,
        Self::OpenConcentrated,
        Self::Buy,
        Self::Sell,
        Self::Add,
        Self::Remove,
        Self::Window,
        Self::Answer,
        Self::Resolve,
    ];

    /// How it is written.
    pub fn id(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Deposit => "deposit",
            Self::Withdraw => "withdraw",
            Self::Mint => "mint",
            Self::Merge => "merge",
            Self::OpenLmsr => "open-lmsr",
            Self::OpenConstantProduct => "open-constant-product",
            Self::OpenConcentrated => "open-concentrated",
            Self::Buy => "buy",
            Self::Sell => "sell",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Window => "window",
            Self::Answer => "answer",
            Self::Resolve => "resolve",
        }
    }

    /// Whether it is over once somebody has ruled. Liquidity may leave and sets
    /// be merged also then; neither is a forecast.
    pub(super) fn is_trade(self) -> bool {
        matches!(
            self,
            Self::Buy
                | Self::Sell
                | Self::Add
                | Self::Mint
                | Self::OpenLmsr
                | Self::OpenConstantProduct
                | Self::OpenConcentrated
        )
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// When.
    pub time: Instant,
    /// Who.
    pub trader: String,
    /// What.
    pub action: Action,
    /// With which outcome; empty where none is meant.
    pub outcome: String,
    /// How much: what of, the action says.
    pub amount: Option<Amount>,
    /// At most so many tokens go into a pool.
    pub tokens: Option<Amount>,
    /// At least so much comes out of a trade.
    pub least: Option<Amount>,
    /// Fee of the pools.
    pub fee_ppm: Option<u32>,
    /// Where a concentrated pool begins.
    pub price: Option<f64>,
    /// Lowest tick of a position.
    pub lower: Option<i32>,
    /// Highest tick of a position.
    pub upper: Option<i32>,
    /// Why.
    pub note: String,
}

impl Event {
    /// An event with nothing but these.
    pub fn new(time: Instant, trader: &str, action: Action) -> Self {
        Self {
            time,
            trader: trader.to_owned(),
            action,
            outcome: String::new(),
            amount: None,
            tokens: None,
            least: None,
            fee_ppm: None,
            price: None,
            lower: None,
            upper: None,
            note: String::new(),
        }
    }

    /// With an outcome.
    #[must_use]
    pub fn on(mut self, outcome: &str) -> Self {
        outcome.clone_into(&mut self.outcome);
        self
    }

    /// With an amount.
    #[must_use]
    pub fn of(mut self, amount: Amount) -> Self {
        self.amount = Some(amount);
        self
    }
}

/// Events in their order, and where they stand.
#[derive(Debug, Clone, Default)]
pub struct Log {
    /// The events.
    pub events: Vec<Event>,
    places: Vec<[Place; 12]>,
}

/// A log played from its beginning.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The market after the last event.
    pub market: Market,
    /// Prices after each event that could change them.
    pub quotes: Vec<Quote>,
}

impl Log {
    /// A log of these events.
    pub fn new(events: Vec<Event>) -> Self {
        Self { events, places: Vec::new() }
    }

    /// Reads a table. Rows stay in their order and may not go back in time.
    ///
    /// Faults: those of [`Table::read`], `bad-time`, `event-order`,
    /// `unknown-action`, `no-trader`, `bad-amount`, `bad-number`.
    pub fn read(file: &Arc<SourceFile>) -> Result<Self, Vec<Fault>> {
        let table = Table::read(file, COLUMNS)?;
        let mut log = Self::default();
        let mut faults = Faults::new();
        for row in table.rows() {
            match event(row) {
                Ok(event) => {
                    if log.events.last().is_some_and(|last| last.time > event.time) {
                        let message = "this event is of a time before the one above it";
                        let fault = row.fault(TIME, "event-order", message);
                        faults.push(fault.help("a log is in order of time; sort its rows"));
                    }
                    log.events.push(event);
                    log.places.push(std::array::from_fn(|column| row.place(column)));
                }
                Err(fault) => faults.push(fault),
            }
        }
        faults.or(log)
    }

    /// The table that reads back as this log.
    pub fn to_csv(&self) -> String {
        let names: Vec<&str> = COLUMNS.iter().map(Column::name).collect();
        let mut text = names.join(",");
        text.push('\n');
        for event in &self.events {
            text.push_str(&row(event));
        }
        text
    }

    /// Plays all events.
    pub fn replay(&self) -> Result<Replay, Vec<Fault>> {
        let mut market = Market::default();
        let mut quotes = Vec::new();
        for (at, event) in self.events.iter().enumerate() {
            market.apply(event).map_err(|error| vec![self.fault(at, &error)])?;
            if let Some(prices) = market.maker().map(Maker::prices)
                && quotes.last().is_none_or(|last: &Quote| last.prices != prices)
            {
                quotes.push(Quote { time: event.time.unix(), prices });
            }
        }
        Ok(Replay { market, quotes })
    }

    /// What is wrong with an event, at its place.
    fn fault(&self, at: usize, error: &MarketError) -> Fault {
        let place = self.places.get(at).map(|places| places[column(error)].clone());
        let mut fault = fault_of(error).at_some(place);
        if self.places.is_empty() {
            fault.message = format!("event {}: {}", at + 1, fault.message);
        }
        fault
    }
}

/// A refusal as a fault without a place.
pub fn fault_of(error: &MarketError) -> Fault {
    let code = match error {
        MarketError::UnknownOutcome { .. } => "unknown-outcome",
        MarketError::NotHeld { .. } | MarketError::NoPosition { .. } => "not-held",
        MarketError::Untimely { .. } => "untimely",
        MarketError::Fee { .. } => "bad-fee",
        MarketError::NoLiquidity { .. } | MarketError::Exhausted { .. } => "no-liquidity",
        _ => "bad-event",
    };
    let mut fault = Fault::new(code, error.to_string());
    fault.help = error.help();
    fault
}

impl From<MarketError> for Fault {
    fn from(error: MarketError) -> Self {
        fault_of(&error)
    }
}

/// The column that an error is about.
fn column(error: &MarketError) -> usize {
    match error {
        MarketError::DoubleOutcome { .. }
        | MarketError::UnknownOutcome { .. }
        | MarketError::NoLiquidity { .. }
        | MarketError::OutOfTokens { .. } => OUTCOME,
        MarketError::Fee { .. } => FEE,
        MarketError::Ticks { .. } => LOWER,
        MarketError::Price { .. } => PRICE,
        MarketError::BelowLeast { .. } => LEAST,
        MarketError::Unexplained { .. } => NOTE,
        MarketError::NoPosition { .. } => TRADER,
        MarketError::Nothing { .. }
        | MarketError::TooLarge { .. }
        | MarketError::NotHeld { .. }
        | MarketError::Exhausted { .. }
        | MarketError::TooSmall { .. }
        | MarketError::Setting { .. }
        | MarketError::Money(_) => AMOUNT,
        _ => ACTION,
    }
}

fn event(row: Row<'_>) -> Result<Event, Fault> {
    let time: Instant = row.cell(TIME).parse().map_err(|error: <Instant as FromStr>::Err| {
        row.fault(TIME, "bad-time", error.to_string())
    })?;
    let text = row.cell(ACTION);
    let action = Action::ALL.into_iter().find(|action| action.id() == text).ok_or_else(|| {
        let known = Action::ALL.map(Action::id);
        let mut fault = row.fault(ACTION, "unknown-action", format!("`{text}` is no action"));
        fault.help = did_you_mean(text, known);
        fault
    })?;
    let trader = row.cell(TRADER);
    if trader.is_empty() {
        return Err(row.fault(TRADER, "no-trader", "this row does not say who acts"));
    }
    Ok(Event {
        time,
        trader: trader.to_owned(),
        action,
        outcome: row.cell(OUTCOME).to_owned(),
        amount: amount(row, AMOUNT)?,
        tokens: amount(row, TOKENS)?,
        least: amount(row, LEAST)?,
        fee_ppm: number(row, FEE, "a whole number of parts per million")?,
        price: number(row, PRICE, "a price between 0 and 1")?,
        lower: number(row, LOWER, "a tick, a whole number")?,
        upper: number(row, UPPER, "a tick, a whole number")?,
        note: row.cell(NOTE).to_owned(),
    })
}

fn amount(row: Row<'_>, column: usize) -> Result<Option<Amount>, Fault> {
    let text = row.cell(column);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|error: <Amount as FromStr>::Err| {
        row.fault(column, "bad-amount", error.to_string())
            .help("amounts are whole base units of the collateral")
    })
}

fn number<T: FromStr>(row: Row<'_>, column: usize, wanted: &str) -> Result<Option<T>, Fault> {
    let text = row.cell(column);
    if text.is_empty() {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| row.fault(column, "bad-number", format!("`{text}` is not {wanted}")))
}

/// One row with its line end.
fn row(event: &Event) -> String {
    fn shown<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let cells = [
        event.time.to_string(),
        quoted(&event.trader),
        event.action.id().to_owned(),
        quoted(&event.outcome),
        shown(event.amount),
        shown(event.tokens),
        shown(event.least),
        shown(event.fee_ppm),
        shown(event.price),
        shown(event.lower),
        shown(event.upper),
        quoted(&event.note),
    ];
    let mut text = cells.join(",");
    let _ = writeln!(text);
    text
}

fn quoted(text: &str) -> String {
    let plain = !text.contains(['"', ',', ';', '\t', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
