//! Measures incremental-query. It needs a feature of the nightly compiler, so
//! build it with RUSTC_BOOTSTRAP=1.

mod queries;

use std::hint::black_box;
use std::sync::atomic::Ordering::Relaxed;

use incremental_query::{Context, Storage};
use queries::*;
use shapes::{cut, deep, Dynamic, Graph, Layered, Outcome, Pair, HIT_KEY};

/// A context, which lives as long as the process: it refers to its storage.
fn context() -> Context<'static> {
    Context::new(Box::leak(Box::new(Storage::new())))
}

/// A context with a root.
struct Rooted {
    cx: Context<'static>,
    edited: bool,
    root: fn(&Context<'static>) -> u64,
}

impl Rooted {
    fn new(shape: impl FnOnce() -> Shape, inputs: u64, root: fn(&Context<'static>) -> u64) -> Self {
        begin(shape, inputs);
        Rooted {
            cx: context(),
            edited: false,
            root,
        }
    }

    fn layered(n: u64, graphs: u64) -> Self {
        let layers = Layered::new(n, graphs);
        let shape = move || Shape {
            layers,
            ..Shape::default()
        };
        Self::new(shape, layers.inputs() + 1, |cx| *top(cx, 0))
    }

    fn sized(size: u64, inputs: u64, root: fn(&Context<'static>) -> u64) -> Self {
        let shape = move || Shape {
            size,
            ..Shape::default()
        };
        Self::new(shape, inputs, root)
    }

    fn chain(n: u64) -> Self {
        Self::sized(n, 1, |cx| *link(cx, shape().size - 1))
    }

    /// A demand after edits is of a new generation.
    fn catch_up(&mut self) {
        if std::mem::take(&mut self.edited) {
            self.cx.next_generation();
        }
    }
}

impl Graph for Rooted {
    fn set(&mut self, input: u64, value: u64) {
        shape().inputs[input as usize].store(value, Relaxed);
        self.edited = true;
    }

    fn root(&mut self) -> u64 {
        self.catch_up();
        (self.root)(&self.cx)
    }
}

impl Pair for Rooted {
    fn other(&mut self) -> u64 {
        self.catch_up();
        *top(&self.cx, 1)
    }
}

/// A graph in which not the inputs but the outside world is set.
struct Outside(Rooted);

impl Outside {
    fn new(n: u64, root: fn(&Context<'static>) -> u64) -> Self {
        Outside(Rooted::sized(n, 0, root))
    }
}

impl Graph for Outside {
    fn set(&mut self, _: u64, value: u64) {
        WORLD.store(value, Relaxed);
        self.0.edited = true;
    }

    fn root(&mut self) -> u64 {
        self.0.root()
    }
}

fn measure(name: &str, n: u64) -> Outcome {
    let layers = || Layered::new(n, 1);
    let layered = || Rooted::layered(n, 1);
    match name {
        "hit.task" => Err("has no handles"),
        "hit.key" => hit_key(),
        "hit.inside" => hit_inside(),
        "two.different" | "two.same" | "bodies" => Err("is for one thread"),
        "first" => shapes::first(layered, layers().nodes()),
        "unrelated" => shapes::edits(&mut layered(), layers().inputs(), deep, 1),
        "cutoff" => shapes::edits(&mut layered(), 0, cut, 1),
        "cutoff.slow" => {
            SLOW.store(true, Relaxed);
            shapes::edits(&mut layered(), 0, cut, 1)
        }
        "cutoff.aside" => shapes::aside(&mut Rooted::layered(n, 2), Layered::new(n, 2).width),
        "propagate" => shapes::edits(&mut layered(), 0, deep, layers().affected(0)),
        "fan.cutoff" => shapes::edits(&mut Rooted::sized(n, n, |cx| *fan(cx)), 0, cut, 1),
        "fan.direct" => shapes::edits(&mut Rooted::sized(n, n, |cx| *direct(cx)), 0, deep, n),
        "chain.first" => shapes::first(|| Rooted::chain(n), n),
        "chain.cutoff" => shapes::edits(&mut Rooted::chain(n), 0, cut, n),
        "chain.verify" => {
            let root = |cx: &Context<'static>| *tied(cx, shape().size - 1);
            shapes::edits(&mut Outside::new(n, root), 0, shapes::world, n)
        }
        "chain.rerun" => shapes::edits(&mut Rooted::chain(n), 0, deep, n),
        "leaves.same" => shapes::edits(&mut Outside::new(n, |cx| *forest(cx)), 0, shapes::world, n),
        "leaves.changed" => {
            shapes::edits(&mut Outside::new(n, |cx| *forest(cx)), 0, shapes::moved, n)
        }
        "ladder" => {
            let root = |cx: &Context<'static>| *rung(cx, shape().size / 3 * 3 - 1);
            shapes::edits(&mut Rooted::sized(n, 1, root), 0, deep, n)
        }
        "dynamic" => steps(n),
        "memory" => shapes::memory(layered, layers().nodes()),
        "gc" => Err("has no collector"),
        _ => Err("does not have it"),
    }
}

fn steps(n: u64) -> Outcome {
    let dynamic = Dynamic::new(n);
    let shape = move || Shape {
        dynamic,
        ..Shape::default()
    };
    let mut g = Rooted::new(shape, dynamic.0.inputs(), |cx| *choices(cx));
    shapes::steps(&mut g, dynamic)
}

fn hit_key() -> Outcome {
    let cx = context();
    shapes::hits(|count| (0..count).fold(0, |_, _| black_box(*hot(&cx, black_box(HIT_KEY)))))
}

fn hit_inside() -> Outcome {
    let cx = context();
    shapes::inside(|round| {
        let root = *inside(&cx, round);
        (INSIDE_TOOK.get(), root)
    })
}

fn main() {
    shapes::main(measure);
}
