//! Measures salsa. The queries are what one would write for the shapes.

mod queries;

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use queries::*;
use salsa::Setter;
use shapes::{Dynamic, Graph, HIT_KEY, Layered, Outcome, Pair, cut, deep};

/// A database with a root.
struct Rooted {
    db: Db,
    root: fn(&dyn Bench) -> u64,
}

impl Rooted {
    /// Sets so many inputs.
    fn new(mut shape: Shape, inputs: u64, root: fn(&dyn Bench) -> u64) -> Self {
        let mut db = Db::default();
        shape.cells = (0..inputs)
            .map(|i| Cell::new(&db, shapes::initial(i)))
            .collect();
        shape.clock = Some(Cell::new(&db, 0));
        db.shape = Arc::new(shape);
        Rooted { db, root }
    }

    fn layered(n: u64, graphs: u64) -> Self {
        let layers = Layered::new(n, graphs);
        Self::new(
            Shape {
                layers,
                ..Shape::default()
            },
            layers.inputs() + 1,
            |db| top(db, Key::new(db, 0)),
        )
    }

    fn sized(size: u64, inputs: u64, root: fn(&dyn Bench) -> u64) -> Self {
        Self::new(
            Shape {
                size,
                ..Shape::default()
            },
            inputs,
            root,
        )
    }

    fn chain(n: u64) -> Self {
        Self::sized(n, 1, |db| link(db, Key::new(db, db.shape().size - 1)))
    }
}

impl Graph for Rooted {
    fn set(&mut self, input: u64, value: u64) {
        let cell = self.db.shape.cells[input as usize];
        cell.set_value(&mut self.db).to(value);
    }

    fn root(&mut self) -> u64 {
        (self.root)(&self.db)
    }
}

impl Pair for Rooted {
    fn other(&mut self) -> u64 {
        top(&self.db, Key::new(&self.db, 1))
    }
}

/// A graph in which not the inputs but the outside world is set. Each time is a
/// generation.
struct Outside(Rooted, u64);

impl Outside {
    fn new(n: u64, root: fn(&dyn Bench) -> u64) -> Self {
        Outside(Rooted::sized(n, 0, root), 0)
    }
}

impl Graph for Outside {
    fn set(&mut self, _: u64, value: u64) {
        WORLD.store(value, Relaxed);
        self.1 += 1;
        let clock = self.0.db.shape.clock.expect("it has one");
        clock.set_value(&mut self.0.db).to(self.1);
    }

    fn root(&mut self) -> u64 {
        self.0.root()
    }
}

fn measure(shape: &str, n: u64) -> Outcome {
    let layers = || Layered::new(n, 1);
    let layered = || Rooted::layered(n, 1);
    match shape {
        "hit.task" => hit_name(),
        "hit.key" => hit_key(),
        "hit.inside" => hit_inside(),
        "two.different" => two_hitting([0, 1]),
        "two.same" => two_hitting([0, 0]),
        "first" => shapes::first(layered, layers().nodes()),
        "unrelated" => shapes::edits(&mut layered(), layers().inputs(), deep, 1),
        "cutoff" => shapes::edits(&mut layered(), 0, cut, 1),
        "cutoff.slow" => {
            SLOW.store(true, Relaxed);
            shapes::edits(&mut layered(), 0, cut, 1)
        }
        "cutoff.aside" => shapes::aside(&mut Rooted::layered(n, 2), Layered::new(n, 2).width),
        "propagate" => shapes::edits(&mut layered(), 0, deep, layers().affected(0)),
        "fan.cutoff" => shapes::edits(&mut Rooted::sized(n, n, |db| fan(db)), 0, cut, 1),
        "fan.direct" => shapes::edits(&mut Rooted::sized(n, n, |db| direct(db)), 0, deep, n),
        "chain.first" => shapes::first(|| Rooted::chain(n), n),
        "chain.cutoff" => shapes::edits(&mut Rooted::chain(n), 0, cut, n),
        "chain.verify" => {
            let root = |db: &dyn Bench| tied(db, Key::new(db, db.shape().size - 1));
            shapes::edits(&mut Outside::new(n, root), 0, shapes::world, n)
        }
        "chain.rerun" => shapes::edits(&mut Rooted::chain(n), 0, deep, n),
        "leaves.same" => shapes::edits(&mut Outside::new(n, |db| forest(db)), 0, shapes::world, n),
        "leaves.changed" => {
            shapes::edits(&mut Outside::new(n, |db| forest(db)), 0, shapes::moved, n)
        }
        "ladder" => {
            let root = |db: &dyn Bench| rung(db, Key::new(db, db.shape().size / 3 * 3 - 1));
            shapes::edits(&mut Rooted::sized(n, 1, root), 0, deep, n)
        }
        "dynamic" => steps(n),
        "memory" => shapes::memory(layered, layers().nodes()),
        "gc" => Err("has no collector"),
        "bodies" => shapes::bodies(n, |workers| run_bodies(n, workers)),
        _ => Err("does not have it"),
    }
}

fn steps(n: u64) -> Outcome {
    let dynamic = Dynamic::new(n);
    let shape = Shape {
        dynamic,
        ..Shape::default()
    };
    shapes::steps(
        &mut Rooted::new(shape, dynamic.0.inputs(), |db| choices(db)),
        dynamic,
    )
}

fn hit_name() -> Outcome {
    let db = Db::default();
    let name = Name::new(&db, HIT_KEY);
    shapes::hits(|count| (0..count).fold(0, |_, _| black_box(hot(&db, black_box(name)))))
}

fn hit_key() -> Outcome {
    let db = Db::default();
    shapes::hits(|count| {
        (0..count).fold(0, |_, _| {
            black_box(hot(&db, Name::new(&db, black_box(HIT_KEY))))
        })
    })
}

fn hit_inside() -> Outcome {
    let db = Db::default();
    shapes::inside(|round| {
        let root = inside(&db, Name::new(&db, round));
        (INSIDE_TOOK.get(), root)
    })
}

fn two_hitting(keys: [u32; 2]) -> Outcome {
    let db = Db::default();
    let first = keys.map(|key| hot(&db, Name::new(&db, key)));
    shapes::two_hitting(first, |workers, count| {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for worker in 0..workers {
                let (db, key) = (db.clone(), keys[worker as usize]);
                scope.spawn(move || {
                    for _ in 0..count {
                        black_box(hot(&db, Name::new(&db, black_box(key))));
                    }
                });
            }
        });
        begin.elapsed()
    })
}

/// Salsa runs nothing side by side by itself: each thread demands its part of
/// the leaves, and then the root finds them.
fn run_bodies(n: u64, workers: u64) -> (std::time::Duration, u64) {
    let g = Rooted::sized(n, 0, |db| bodies(db));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for worker in 0..workers {
            let db = g.db.clone();
            scope.spawn(move || {
                for k in (worker..n).step_by(workers as usize) {
                    body(&db, Key::new(&db, k));
                }
            });
        }
    });
    let root = bodies(&g.db);
    (begin.elapsed(), root)
}

fn main() {
    shapes::main(measure);
}
