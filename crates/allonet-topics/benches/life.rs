//! Whole epochs in the life of a topic with 32 inferers, 6 forecasters and 6
//! reputers, from events to scores; beside it what the engine alone takes, and
//! state to bytes and back.

use std::hint::black_box;

use allonet_core::event::Event;
use allonet_core::random::Random;
use allonet_core::time::Instant;
use allonet_topics::consensus::Reports;
use allonet_topics::epoch::{Scratch, settle};
use allonet_topics::layout::Layout;
use allonet_topics::life::{Rules, Schedule, Topic};
use allonet_topics::memory::Memory;
use allonet_topics::settings::Settings;
use allonet_topics::synthesis::{Inputs, Synthesis, synthesise};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

const SIZE: Layout = Layout { inferers: 32, forecasters: 6 };
const REPUTERS: usize = 6;
const EPOCHS: i64 = 8;

fn event(time: i64, actor: &str, action: &str, fields: Value) -> Event {
    let Value::Object(fields) = fields else { unreachable!("fields are a map") };
    let (actor, action) = (actor.to_owned(), action.to_owned());
    Event { time: Instant::from_unix(time), actor, action, fields }
}

/// A topic with everybody registered.
fn topic() -> Topic {
    let schedule = Schedule::every(Instant::from_unix(0), 100);
    let mut topic = Topic::new(Rules::new("bench", schedule)).expect("rules that can be");
    for (role, size) in
        [("inferer", SIZE.inferers), ("forecaster", SIZE.forecasters), ("reputer", REPUTERS)]
    {
        for at in 0..size {
            let registered = event(0, &format!("{role}{at:02}"), "register", json!({"role": role}));
            topic.take(&registered).expect("it is new");
        }
    }
    topic
}

/// The events of some epochs, reports a epoch later.
fn events() -> Vec<Event> {
    let mut random = Random::new(1);
    let mut events = Vec::new();
    for epoch in 0..=EPOCHS {
        let start = 100 * epoch;
        for at in (0..REPUTERS).filter(|_| epoch > 0) {
            let fields = json!({"epoch": epoch - 1, "truth": 0.01 * random.normal()});
            events.push(event(start, &format!("reputer{at:02}"), "report", fields));
        }
        for at in (0..SIZE.inferers).filter(|_| epoch < EPOCHS) {
            let fields = json!({"epoch": epoch, "value": random.normal()});
            events.push(event(start, &format!("inferer{at:02}"), "infer", fields));
        }
        for at in (0..SIZE.forecasters).filter(|_| epoch < EPOCHS) {
            let losses: serde_json::Map<String, Value> = (0..SIZE.inferers)
                .map(|inferer| (format!("inferer{inferer:02}"), json!(random.normal() - 1.0)))
                .collect();
            let fields = json!({"epoch": epoch, "losses": losses});
            events.push(event(start, &format!("forecaster{at:02}"), "forecast", fields));
        }
    }
    events
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("life");
    group.sample_size(20);
    let (fresh, events) = (topic(), events());
    let live = |mut topic: Topic| {
        for event in &events {
            topic.take(event).expect("it fits");
        }
        topic.advance(Instant::from_unix(100 * (EPOCHS + 1)));
        topic
    };
    group.bench_function("8 epochs 32/6/6 from events", |bench| {
        bench.iter(|| live(black_box(fresh.clone())));
    });
    let grown = live(fresh.clone());
    group.bench_function("state to bytes and back", |bench| {
        bench.iter(|| Topic::restore(&black_box(&grown).bytes()).expect("it reads back"));
    });
    group.bench_function("8 epochs 32/6/6 of the engine alone", |bench| bench.iter(engine));
    group.finish();
}

/// The same number of epochs on arrays.
fn engine() -> Memory {
    let mut random = Random::new(1);
    let mut normal = |count: usize| (0..count).map(|_| random.normal()).collect::<Vec<f64>>();
    let settings = Settings::default();
    let mut memory = Memory::new(SIZE, REPUTERS);
    let (mut synthesis, mut scratch) = (Synthesis::default(), Scratch::default());
    for _ in 0..EPOCHS {
        let (inferences, forecasts) = (normal(SIZE.inferers), normal(SIZE.inferers * 6));
        let inputs = Inputs {
            layout: SIZE,
            inferences: &inferences,
            forecasts: &forecasts,
            last_loss: memory.network_loss,
            regrets: &memory.regrets,
        };
        synthesise(&settings, &inputs, &mut synthesis);
        let losses = normal(REPUTERS * SIZE.len());
        let reports = Reports { losses: &losses, stakes: &[1.0; REPUTERS] };
        black_box(settle(&settings, SIZE, &mut memory, &reports, &mut scratch));
    }
    memory
}

criterion_group!(benches, bench);
criterion_main!(benches);
