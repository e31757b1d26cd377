use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::{Measured, Outcome, fold, measure::median, mix};

const TURNS: usize = 15;

/// What two workers share.
const HITS_EACH: u64 = 200_000;

/// About 10 microseconds.
const BODY_STEPS: u64 = 3_000;

/// The body of a leaf of bodies.
pub fn body(key: u64) -> u64 {
    busy(key, BODY_STEPS)
}

fn busy(mut v: u64, steps: u64) -> u64 {
    for _ in 0..steps {
        v = mix(v.wrapping_add(1));
    }
    v
}

/// Compares one and two workers, with the engine's work and with a plain loop.
fn scaling(
    sum: u64,
    units: u64,
    mut work: impl FnMut(u64) -> Duration,
    plain: impl Fn(u64) -> Duration,
) -> Outcome {
    let mut samples = [const { Vec::new() }; 4];
    for _ in 0..TURNS {
        for workers in 1..=2 {
            samples[workers - 1].push(work(workers as u64).as_nanos() as f64);
            samples[workers + 1].push(plain(workers as u64).as_nanos() as f64);
        }
    }
    let [one, two, plain_one, plain_two] = samples.map(median);
    let (ours, plain) = (one / two, plain_one / plain_two);
    let extra = vec![
        ("scaling", ours),
        ("scaling of the loop", plain),
        ("ns, one worker", one),
        ("ns, two workers", two),
    ];
    Ok(Measured {
        value: ours / plain,
        units,
        answer: sum,
        extra,
    })
}

/// Runs work in so many threads.
pub fn together(workers: u64, work: impl Fn(u64) + Sync) -> Duration {
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let work = &work;
            scope.spawn(move || work(worker));
        }
    });
    begin.elapsed()
}

/// Hits by two threads. `sum` is of the workers' first hits; `hit` runs so many
/// workers that share so many hits.
pub fn two_hitting(first: [u64; 2], hit: impl FnMut(u64, u64) -> Duration) -> Outcome {
    let (sum, mut hit) = (fold(fold(0, first[0]), first[1]), hit);
    let plain = |workers| {
        together(workers, |_| {
            let count = 2 * HITS_EACH / workers;
            black_box(busy(count, 8 * count));
        })
    };
    scaling(
        sum,
        0,
        |workers| hit(workers, 2 * HITS_EACH / workers),
        plain,
    )
}

/// Cold runs of n bodies.
pub fn bodies(n: u64, run: impl Fn(u64) -> (Duration, u64)) -> Outcome {
    let (_, root) = run(1);
    let plain = |workers| {
        together(workers, |worker| {
            for k in (worker..n).step_by(workers as usize) {
                black_box(body(k));
            }
        })
    };
    scaling(fold(0, root), n, |workers| run(workers).0, plain)
}
