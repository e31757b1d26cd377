use std::cell::Cell as Local;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use incremental_query::{query, rerun, Context};
use shapes::{fold, Dynamic, Layered, INSIDE_KEYS, JOINT, LEFT, RIGHT};

/// What the queries find outside. They have no other way to what does not
/// change, so it is global.
#[derive(Default)]
pub struct Shape {
    pub layers: Layered,
    pub dynamic: Dynamic,
    pub size: u64,
    pub inputs: Vec<AtomicU64>,
}

static SHAPE: OnceLock<Shape> = OnceLock::new();

/// Sets the shape of this process, the first time, and all inputs.
pub fn begin(make: impl FnOnce() -> Shape, inputs: u64) -> &'static Shape {
    let shape = SHAPE.get_or_init(|| {
        let mut shape = make();
        shape.inputs.resize_with(inputs as usize, Default::default);
        shape
    });
    for (i, input) in shape.inputs.iter().enumerate() {
        input.store(shapes::initial(i as u64), Relaxed);
    }
    shape
}

pub fn shape() -> &'static Shape {
    SHAPE.get().expect("it has begun")
}

/// Bodies of first layers take 1 ms.
pub static SLOW: AtomicBool = AtomicBool::new(false);

/// What generational queries find outside.
pub static WORLD: AtomicU64 = AtomicU64::new(0);

/// There are no inputs: this looks whether one has changed.
#[query]
#[rerun(generation)]
pub fn source<'cx>(_cx: &Context<'cx>, input: &u64) -> u64 {
    shape().inputs[*input as usize].load(Relaxed)
}

#[query]
pub fn node<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    let layers = shape().layers;
    if let Some(input) = layers.input(*key) {
        if SLOW.load(Relaxed) {
            shapes::spin();
        }
        return shapes::half(*key, *source(cx, input));
    }
    let (a, b, c) = layers.reads(*key);
    shapes::combine(*key, *node(cx, a), *node(cx, b), *node(cx, c))
}

#[query]
pub fn top<'cx>(cx: &Context<'cx>, graph: &u64) -> u64 {
    let nodes = shape().layers.top(*graph);
    nodes.fold(0, |root, k| fold(root, *node(cx, k)))
}

#[query]
pub fn half<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    shapes::half(*key, *source(cx, *key))
}

#[query]
pub fn fan<'cx>(cx: &Context<'cx>) -> u64 {
    (0..shape().size).fold(0, |root, k| fold(root, *half(cx, k)))
}

#[query]
pub fn direct<'cx>(cx: &Context<'cx>) -> u64 {
    (0..shape().size).fold(0, |root, k| fold(root, *source(cx, k)))
}

#[query]
pub fn link<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    match *key {
        0 => shapes::half(0, *source(cx, 0)),
        k => shapes::link(k, *link(cx, k - 1)),
    }
}

#[query]
#[rerun(generation)]
pub fn found<'cx>(_cx: &Context<'cx>, key: &u64) -> u64 {
    shapes::leaf(*key, WORLD.load(Relaxed))
}

#[query]
#[rerun(generation)]
pub fn unmoved<'cx>(_cx: &Context<'cx>) -> u64 {
    shapes::half(0, shapes::initial(0))
}

#[query]
pub fn tied<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    match *key {
        0 => *unmoved(cx),
        k => shapes::link(k, *tied(cx, k - 1)),
    }
}

#[query]
pub fn forest<'cx>(cx: &Context<'cx>) -> u64 {
    (0..shape().size).fold(0, |root, k| fold(root, *found(cx, k)))
}

#[query]
pub fn rung<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    let k = *key / 3;
    if *key % 3 == JOINT {
        return fold(*rung(cx, 3 * k + LEFT), *rung(cx, 3 * k + RIGHT));
    }
    let below = if k == 0 {
        *half(cx, 0)
    } else {
        *rung(cx, 3 * (k - 1) + JOINT)
    };
    shapes::mix(below.wrapping_add(*key))
}

#[query]
pub fn choice<'cx>(cx: &Context<'cx>, key: &u64) -> u64 {
    let d = shape().dynamic;
    if let Some(input) = d.0.input(*key) {
        return shapes::dynamic_input(*source(cx, input));
    }
    let column = *choice(cx, *key - d.0.width);
    let (a, b) = d.others(*key, column);
    shapes::dynamic_combine(*key, column, *choice(cx, a), *choice(cx, b))
}

#[query]
pub fn choices<'cx>(cx: &Context<'cx>) -> u64 {
    let nodes = shape().dynamic.0.top(0);
    nodes.fold(0, |root, k| fold(root, *choice(cx, k)))
}

#[query]
pub fn hot<'cx>(_cx: &Context<'cx>, key: &u32) -> u64 {
    shapes::half(*key as u64, shapes::initial(*key as u64))
}

thread_local! {
    /// What the last run of `inside` took, apart from starting and ending it.
    pub static INSIDE_TOOK: Local<Duration> = const { Local::new(Duration::ZERO) };
}

#[query]
pub fn inside<'cx>(cx: &Context<'cx>, _round: &u32) -> u64 {
    let begin = Instant::now();
    let root = (0..INSIDE_KEYS).fold(0, |root, k| fold(root, *hot(cx, k)));
    INSIDE_TOOK.set(begin.elapsed());
    root
}
