use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{Dynamic, INSIDE_KEYS, Measured, Outcome, cut, deep, fold, heap};

/// How long one shape is repeated, apart from setting it up.
const PATIENCE: Duration = Duration::from_millis(400);

/// The least number of repetitions; the answer is of these.
const REPEATED: usize = 3;

/// An engine with one of the graphs in it.
pub trait Graph {
    fn set(&mut self, input: u64, value: u64);
    fn root(&mut self) -> u64;
}

/// Two graphs in one engine; `root` is that of the first.
pub trait Pair: Graph {
    fn other(&mut self) -> u64;
}

pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

fn repeat(mut sum: u64, mut step: impl FnMut(u64) -> (Duration, u64)) -> (f64, u64) {
    let mut samples = Vec::new();
    let begin = Instant::now();
    while samples.len() < REPEATED || samples.len() < 200 && begin.elapsed() < PATIENCE {
        let (took, v) = step(samples.len() as u64);
        if samples.len() < REPEATED {
            sum = fold(sum, v);
        }
        samples.push(took.as_nanos() as f64);
    }
    (median(samples), sum)
}

fn measured(ns: f64, units: u64, answer: u64) -> Outcome {
    Ok(Measured {
        value: ns / units as f64,
        units,
        answer,
        extra: Vec::new(),
    })
}

/// An edit of an input and the demand of the root behind it.
pub fn edits(g: &mut impl Graph, input: u64, value: fn(u64, u64) -> u64, units: u64) -> Outcome {
    let first = fold(0, g.root());
    let (ns, sum) = repeat(first, |i| {
        let v = value(input, i);
        let begin = Instant::now();
        g.set(input, v);
        let root = g.root();
        (begin.elapsed(), root)
    });
    measured(ns, units, sum)
}

/// An edit of the second graph and the demand of the first.
pub fn aside(g: &mut impl Pair, input: u64) -> Outcome {
    let first = fold(0, g.root());
    g.other();
    let (ns, sum) = repeat(first, |i| {
        let v = cut(input, i);
        let begin = Instant::now();
        g.set(input, v);
        let root = g.root();
        let took = begin.elapsed();
        g.other();
        (took, root)
    });
    measured(ns, 1, sum)
}

/// Steps that edit 5 % of the inputs.
pub fn steps(g: &mut impl Graph, d: Dynamic) -> Outcome {
    let first = fold(0, g.root());
    let (ns, sum) = repeat(first, |i| {
        let inputs = d.edited(i);
        let begin = Instant::now();
        for input in inputs {
            g.set(input, deep(input, i));
        }
        let root = g.root();
        (begin.elapsed(), root)
    });
    measured(ns, 1, sum)
}

/// The first demand of the root, of new graphs.
pub fn first<G: Graph>(fresh: impl Fn() -> G, units: u64) -> Outcome {
    let (mut samples, mut sum) = (Vec::new(), 0);
    let start = Instant::now();
    while samples.is_empty() || samples.len() < 9 && start.elapsed() < PATIENCE {
        let mut g = fresh();
        let begin = Instant::now();
        sum = fold(0, g.root());
        samples.push(begin.elapsed().as_nanos() as f64);
    }
    measured(median(samples), units, sum)
}

/// A call that is repeated.
pub fn hits(mut call: impl FnMut(u64) -> u64) -> Outcome {
    let sum = fold(0, call(1));
    let mut time = |count| {
        let begin = Instant::now();
        black_box(call(count));
        begin.elapsed()
    };
    let mut count = 1;
    loop {
        count *= 2;
        if time(count) >= Duration::from_millis(5) {
            break;
        }
    }
    let samples = (0..11)
        .map(|_| time(count).as_nanos() as f64 / count as f64)
        .collect();
    measured(median(samples), 1, sum)
}

/// What a running query sees.
pub fn inside(mut run: impl FnMut(u32) -> (Duration, u64)) -> Outcome {
    run(0);
    let mut sum = 0;
    let (ns, _) = repeat(0, |i| {
        let (took, root) = run(i as u32 + 1);
        sum = fold(0, root);
        (took, root)
    });
    measured(ns, INSIDE_KEYS as u64, sum)
}

/// The heap that `fresh` leaves behind.
pub fn memory<G: Graph>(fresh: impl Fn() -> G, units: u64) -> Outcome {
    let before = heap::in_use().ok_or("the C library does not say")?;
    let mut g = fresh();
    let sum = fold(0, g.root());
    let after = heap::in_use().ok_or("the C library does not say")?;
    drop(g);
    measured((after - before) as f64, units, sum)
}

/// A body of 1 ms.
pub fn spin() {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_millis(1) {}
}

/// An edit that leaves the outside world as it is.
pub fn world(_: u64, _: u64) -> u64 {
    0
}

/// A new state of the world in each step.
pub fn moved(_: u64, step: u64) -> u64 {
    step + 1
}
