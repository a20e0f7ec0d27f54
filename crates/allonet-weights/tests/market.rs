//! Markets from their first event to the last payout.

use std::collections::BTreeMap;

use allonet_core::fault::SourceFile;
use allonet_core::maths;
use allonet_core::money::Amount;
use allonet_core::time::Instant;
use allonet_weights::comparisons::{Comparisons, Reading};
use allonet_weights::market::resolution::answers_of_jury;
use allonet_weights::market::strategy::{Trader, orders, read_weights};
use allonet_weights::market::weights::{Reader, weights};
use allonet_weights::market::{Action, Event, Log, Market, Replay};
use allonet_weights::rules::Parameters;
use proptest::prelude::*;

fn base(units: u128) -> Amount {
    Amount::from_base(units)
}

fn day(day: i64) -> Instant {
    Instant::from_unix(day * 86_400)
}

fn read(text: &str) -> Log {
    Log::read(&SourceFile::new("log.csv", text)).unwrap()
}

fn play(text: &str) -> Replay {
    let replay = read(text).replay().unwrap();
    assert_eq!(replay.market.broken_law(), None);
    replay
}

/// The first fault of a log of these rows below a market of two outcomes.
fn refused(rows: &str) -> String {
    let file = SourceFile::new("log.csv", format!("{OPEN}{rows}\n"));
    let faults = match Log::read(&file) {
        Ok(log) => log.replay().unwrap_err(),
        Err(faults) => faults,
    };
    faults[0].to_string()
}

const HEAD: &str =
    "time,trader,action,outcome,amount,tokens,least,fee_ppm,price,lower,upper,note\n";
const OPEN: &str = "time,trader,action,outcome,amount,tokens,least,fee_ppm,price,lower,upper,note
2026-01-01,op,list,geth,,,,,,,,
2026-01-01,op,list,reth,,,,,,,,
2026-01-01,op,deposit,,1000000,,,,,,,
2026-01-01,op,open-lmsr,,1000000,,,,,,,
2026-01-02,ann,deposit,,2000000,,,,,,,
";

/// b = 10⁶: at q = (10⁶ ln 3, 0) geth is at 3/4, which costs 10⁶ ln 2.
#[test]
fn a_known_price_path_of_an_lmsr() {
    let replay = play(&format!("{OPEN}2026-01-03,ann,buy,geth,693147,,,,,,,\n"));
    let held = replay.market.accounts().of("ann").tokens[0].to_f64();
    assert!((held - 1_098_612.0).abs() < 3.0, "{held}");
    let prices: Vec<&[f64]> = replay.quotes.iter().map(|quote| &*quote.prices).collect();
    assert_eq!(prices[0], [0.5, 0.5]);
    assert!((prices[1][0] - 0.75).abs() < 1e-6, "{prices:?}");
    // One day at 1/2 since the second of January, three at 3/4.
    let reader = Reader { window: 4 * 86_400, ..Reader::default() };
    let depths = replay.market.maker().unwrap().depths();
    let end = day(20_459).unix();
    assert_eq!("2026-01-06".parse::<Instant>().unwrap().unix(), end);
    let found = weights(&replay.quotes, &depths, end, &reader).unwrap();
    assert!((found[0].weight - (0.5 + 3.0 * 0.75) / 4.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn a_log_is_replayed_to_the_same_bytes() {
    let text = format!(
        "{OPEN}2026-01-03,ann,buy,geth,100000,,90000,,,,,\n2026-01-03,ann,mint,,500,,,,,,,\n\
         2026-01-04,ann,sell,reth,500,,,,,,,\n2026-01-04,\"bob, the second\",deposit,,9,,,,,,,\n\
         2026-01-05,op,window,,86400,,,,,,,\n2026-01-05,jury,answer,geth,3,,,,,,,\n\
         2026-01-05,jury,answer,reth,1,,,,,,,\n2026-01-05,jury,resolve,,,,,,,,,\"as they \"\"said\"\"\"\n"
    );
    let log = read(&text);
    let again = read(&log.to_csv());
    assert_eq!(log.events, again.events);
    assert_eq!(again.to_csv(), log.to_csv());
    let bytes = |log: &Log| serde_json::to_string(&log.replay().unwrap().market).unwrap();
    assert_eq!(bytes(&log), bytes(&again));
    // And from any point of the log the rest gives the same.
    let mut market = Market::default();
    log.events.iter().for_each(|event| market.apply(event).unwrap());
    assert_eq!(serde_json::to_string(&market).unwrap(), bytes(&log));
}

#[test]
fn a_jury_settles_and_nothing_is_lost() {
    let mut market = play(&format!("{OPEN}2026-01-03,ann,buy,geth,693147,,,,,,,\n")).market;
    // geth is worth three times reth: 3/4 to 1/4, what the price says.
    let table = "a,b,winner,multiplier\ngeth,reth,geth,3\n";
    let jury = Comparisons::read(&SourceFile::new("c.csv", table), &Reading::default()).unwrap();
    let answers =
        answers_of_jury(&jury, market.outcomes(), "least-squares", &Parameters::default()).unwrap();
    market.rule(0, "jury", "their comparisons", answers).unwrap();
    let before = market.accounts().inside();
    let paid = market.settle(0).unwrap();
    // ann holds 10⁶ ln 3 tokens of 3/4 each; the rest is the sponsor's.
    assert!((paid["ann"].to_f64() - 0.75e6 * maths::ln(3.0)).abs() < 4.0, "{paid:?}");
    let loss = 693_148.0 - paid["op"].to_f64();
    assert!((loss - (0.75e6 * maths::ln(3.0) - 693_147.0)).abs() < 4.0, "{loss}");
    assert_eq!(market.broken_law(), None);
    assert_eq!(market.accounts().inside(), before);
    let cash = market.accounts().accounts().values().map(|account| account.cash);
    assert_eq!(Amount::sum(cash, "").unwrap(), before);
    assert!(market.settle(0).is_err());
}

#[test]
fn all_zero_answers_pay_the_invalid_token() {
    let rows = "2026-01-03,ann,mint,,1000,,,,,,,\n2026-01-03,ann,sell,geth,1000,,,,,,,\n\
                2026-01-04,jury,answer,geth,0,,,,,,,\n2026-01-04,jury,resolve,,,,,,,,,none\n";
    let mut market = play(&format!("{OPEN}{rows}")).market;
    let paid = market.settle(i64::MAX).unwrap();
    assert_eq!(paid["ann"], base(1_000));
}

#[test]
fn pools_of_both_kinds_trade_and_settle() {
    let constant = "2026-01-02,op,mint,,400000,,,,,,,
2026-01-02,op,open-constant-product,,,,,0,,,,
2026-01-02,op,add,geth,100000,400000,,,,,,
2026-01-02,op,add,reth,100000,400000,,,,,,
";
    let ranges = "2026-01-02,op,mint,,400000,,,,,,,
2026-01-02,op,open-concentrated,,,,,10000,,,,
2026-01-02,op,add,geth,300000,,,,0.25,-30000,0,
2026-01-02,op,add,reth,300000,,,,0.25,-30000,0,
";
    let start = OPEN.replace("2026-01-01,op,open-lmsr,,1000000,,,,,,,\n", "");
    for pools in [constant, ranges] {
        let rows = "2026-01-03,ann,buy,geth,10000,,,,,,,\n2026-01-04,ann,sell,geth,20000,,,,,,,\n\
                    2026-01-04,ann,mint,,70,,,,,,,\n2026-01-05,j,answer,reth,1,,,,,,,\n\
                    2026-01-05,j,resolve,,,,,,,,,said so\n";
        let replay = play(&format!("{start}{pools}{rows}"));
        assert_eq!(replay.quotes.first().unwrap().prices.len(), 2);
        let mut market = replay.market;
        market.settle(i64::MAX).unwrap();
        assert_eq!(market.broken_law(), None);
        let cash = market.accounts().accounts().values().map(|account| account.cash);
        assert_eq!(Amount::sum(cash, "").unwrap(), base(3_000_000));
    }
}

#[test]
fn bad_rows_are_named_with_line_and_field() {
    let row = |rest: &str| refused(&format!("2026-01-03,{rest}"));
    let at = |told: String, place: &str, what: &str| {
        assert!(told.starts_with(&format!("log.csv:{place}: ")) && told.contains(what), "{told}");
    };
    at(row("ann,buy,geth,-5,,,,,,,"), "7:25", "`-5` is not a whole, non-negative number");
    at(row("ann,buy,geth,2000001,,,,,,,"), "7:25", "holds 2000000 of collateral");
    let dust = "2026-01-03,ann,mint,,1,,,,,,,\n2026-01-03,ann,sell,geth,1,,,,,,,";
    at(refused(dust), "8:26", "1 base units are too few");
    at(row("ann,sell,geth,500,,,,,,,"), "7:26", "`ann` holds 0 of geth, fewer than 500");
    at(row("ann,buy,gett,5,,,,,,,"), "7:20", "did you mean `geth`?");
    at(row("ann,buyy,geth,5,,,,,,,"), "7:16", "did you mean `buy`?");
    at(row(",buy,geth,5,,,,,,,"), "7:12", "does not say who");
    at(row("ann,buy,geth,0,,,,,,,"), "7:25", "is zero");
    at(row("ann,buy,geth,,,,,,,,"), "7:16", "`buy` needs an amount");
    at(row("ann,buy,geth,1000,,9999,,,,,"), "7:31", "fewer than the 9999 asked for");
    at(row("ann,open-lmsr,,5,,,,,,,"), "7:16", "open already");
    at(row("ann,list,besu,,,,,,,,"), "7:16", "before anything else");
    at(row("ann,merge,,5,,,,,,,"), "7:23", "complete sets");
    at(row("ann,deposit,,340282366920938463463374607431768211456,,,,,,,"), "7:25", "below 2^128");
    at(row("ann,deposit,,340282366920938463463374607431768211455,,,,,,,"), "7:25", "below 2^128");
    at(row("ann,resolve,,,,,,,,,"), "7:32", "names its reason");
    at(refused("2025-12-31,ann,buy,geth,5,,,,,,,"), "7:1", "a time before");
    let after = "2026-01-03,j,answer,geth,1,,,,,,,\n2026-01-03,j,resolve,,,,,,,,,said\n\
                 2026-01-03,ann,buy,geth,5,,,,,,,";
    at(refused(after), "9:16", "trading is over");
}

#[test]
fn bad_beginnings_are_named() {
    let told = |rows: &str| read(&format!("{HEAD}{rows}\n")).replay().unwrap_err()[0].to_string();
    let one = "2026-01-01,op,list,geth,,,,,,,,\n2026-01-01,op,deposit,,5,,,,,,,";
    assert!(told(one).contains("at least two outcomes, this one has 1"));
    let two = "2026-01-01,op,list,a,,,,,,,,\n2026-01-01,op,list,b,,,,,,,,\n";
    let fee = told(&format!("{two}2026-01-01,op,open-concentrated,,,,,1000000,,,,"));
    assert!(fee.starts_with("log.csv:4:37: a fee of 1000000 ppm"), "{fee}");
    let dry = told(&format!(
        "{two}2026-01-01,op,open-concentrated,,,,,,,,,\n2026-01-01,op,deposit,,50,,,,,,,\n\
         2026-01-01,op,buy,a,5,,,,,,,"
    ));
    assert!(dry.starts_with("log.csv:6:19: the pool has no liquidity"), "{dry}");
    let zero = told(&format!("{two}2026-01-01,op,open-lmsr,,0,,,,,,,"));
    assert!(zero.contains("the liquidity is zero"), "{zero}");
    let shut = told(&format!("{two}2026-01-01,op,buy,a,5,,,,,,,"));
    assert!(shut.contains("not open"), "{shut}");
    let twice = told(&format!("{two}2026-01-01,op,list,a,,,,,,,,"));
    assert!(twice.starts_with("log.csv:4:20: there is an outcome `a` already"), "{twice}");
}

fn trader(budget: u128) -> Trader {
    Trader { name: "ann".into(), time: day(20_500), budget: base(budget), least: base(10) }
}

fn beliefs(market: &Market, text: &str) -> Vec<f64> {
    read_weights(&SourceFile::new("w.csv", text), market.outcomes()).unwrap()
}

#[test]
fn orders_bring_prices_to_the_beliefs_of_a_rich_trader() {
    for maker in ["lmsr", "constant-product", "concentrated"] {
        let mut market = four(maker);
        let weights = beliefs(&market, "item,weight\na,4\nb,3\nc,2\nd,1\n");
        assert_eq!(weights, [0.4, 0.3, 0.2, 0.1]);
        // Orders on a market maker over all outcomes move the others too.
        for _ in 0..40 {
            for order in orders(&market, &trader(50_000_000), &weights).unwrap() {
                market.apply(&order).unwrap();
            }
        }
        assert_eq!(market.broken_law(), None);
        let prices = market.maker().unwrap().prices();
        for (price, weight) in prices.iter().zip(&weights) {
            assert!((price - weight).abs() < 2e-3, "{maker}: {prices:?}");
        }
    }
}

#[test]
fn orders_keep_to_the_budget_and_the_least_volume() {
    for maker in ["lmsr", "constant-product", "concentrated"] {
        let market = four(maker);
        let weights = beliefs(&market, "item,weight\na,97\nb,1\nc,1\nd,1\n");
        let cash = market.accounts().of("ann").cash;
        let mut after = market.clone();
        let placed = orders(&market, &trader(1_000), &weights).unwrap();
        assert!(placed.iter().any(|order| order.action == Action::Buy), "{maker}: {placed:?}");
        for order in &placed {
            assert!(order.amount.unwrap() >= base(10));
            after.apply(order).unwrap();
            let spent = cash.saturating_sub(after.accounts().of("ann").cash);
            assert!(spent <= base(1_000), "{maker}: {spent}");
        }
        let none = Trader { least: base(1_001), ..trader(1_000) };
        assert_eq!(orders(&market, &none, &weights).unwrap(), []);
    }
    let market = four("lmsr");
    let refuse = |text: &str| {
        read_weights(&SourceFile::new("w.csv", text), market.outcomes()).unwrap_err()[0].to_string()
    };
    assert!(refuse("item,weight\nz,1\n").starts_with("w.csv:2:1: `z` is no outcome"));
    assert!(refuse("item,weight\na,-1\n").starts_with("w.csv:2:3: `-1` is no weight"));
    assert!(refuse("item,weight\na,1\na,1\n").starts_with("w.csv:3:1: `a` has a weight already"));
    assert!(refuse("item,weight\na,0\n").contains("gives nothing a weight"));
}

/// Four outcomes at a quarter each.
fn four(maker: &str) -> Market {
    let event = |who: &str, action| Event::new(day(20_454), who, action);
    let names = ["a", "b", "c", "d"];
    let mut events: Vec<Event> =
        names.iter().map(|name| event("op", Action::List).on(name)).collect();
    events.push(event("op", Action::Deposit).of(base(100_000_000)));
    events.push(event("ann", Action::Deposit).of(base(100_000_000)));
    events.push(event("op", Action::Mint).of(base(8_000_000)));
    events.push(match maker {
        "lmsr" => event("op", Action::OpenLmsr).of(base(1_000_000)),
        "constant-product" => {
            Event { fee_ppm: Some(0), ..event("op", Action::OpenConstantProduct) }
        }
        _ => Event { fee_ppm: Some(10_000), ..event("op", Action::OpenConcentrated) },
    });
    for name in names {
        let add = event("op", Action::Add).on(name);
        match maker {
            "constant-product" => {
                let tokens = Some(base(4_000_000));
                events.push(Event { tokens, ..add.of(base(1_000_000)) });
            }
            "concentrated" => {
                let (lower, upper, price) = (Some(-50_000), Some(-100), Some(0.25));
                events.push(Event { lower, upper, price, ..add.of(base(1_500_000)) });
            }
            _ => {}
        }
    }
    let replay = Log::new(events).replay();
    replay.unwrap_or_else(|faults| panic!("{maker}: {faults:?}")).market
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever people try, on whatever maker: collateral is neither lost nor
    /// made, every token is backed, and a refusal changes nothing.
    #[test]
    fn no_trade_breaks_the_laws(
        kind in 0_usize..3,
        tries in prop::collection::vec((0_usize..8, 0_usize..4, 0_usize..2, 1_u128..5_000_000), 1..40),
        answers in prop::collection::vec(prop::option::of(0_u128..100), 4),
    ) {
        let mut market = four(["lmsr", "constant-product", "concentrated"][kind]);
        let actions = [
            Action::Buy, Action::Sell, Action::Mint, Action::Merge, Action::Buy, Action::Add,
            Action::Remove, Action::Withdraw,
        ];
        for (action, outcome, who, amount) in tries {
            let event = Event {
                tokens: Some(base(amount * 3)),
                lower: Some(-40_000),
                upper: Some(-20),
                ..Event::new(day(20_455), ["ann", "op"][who], actions[action])
                    .on(["a", "b", "c", "d"][outcome])
                    .of(base(amount))
            };
            let before = market.clone();
            if market.apply(&event).is_err() {
                prop_assert_eq!(&market, &before);
            }
            prop_assert_eq!(market.broken_law(), None);
        }
        market.rule(0, "jury", "drawn", answers).unwrap();
        let inside = market.accounts().inside();
        let paid: BTreeMap<String, Amount> = market.settle(0).unwrap();
        prop_assert!(!paid.is_empty());
        prop_assert_eq!(market.broken_law(), None);
        let cash = market.accounts().accounts().values().map(|account| account.cash);
        prop_assert_eq!(Amount::sum(cash, "").unwrap(), inside);
    }
}
