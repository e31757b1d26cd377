use std::cell::Cell as Local;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use shapes::{Dynamic, INSIDE_KEYS, JOINT, LEFT, Layered, RIGHT, fold};

/// An input.
#[salsa::input]
pub struct Cell {
    #[returns(copy)]
    pub value: u64,
}

/// The key of a node. A tracked function with a key of plain integers is
/// slower, and one that collects interned keys too.
#[salsa::interned(revisions = usize::MAX)]
pub struct Key<'db> {
    #[returns(copy)]
    pub key: u64,
}

/// The key of a node of a layered graph: each has a place for the results of
/// all functions with this type of key, so it has one of its own.
#[salsa::interned(revisions = usize::MAX)]
pub struct Place<'db> {
    #[returns(copy)]
    pub key: u64,
}

/// A key of 32 bits.
#[salsa::interned(revisions = usize::MAX)]
pub struct Name<'db> {
    #[returns(copy)]
    pub key: u32,
}

/// What the queries see of the database.
#[salsa::db]
pub trait Bench: salsa::Database {
    fn shape(&self) -> &Shape;
}

/// What does not change while the database lives.
#[derive(Default)]
pub struct Shape {
    pub layers: Layered,
    pub dynamic: Dynamic,
    pub size: u64,
    pub cells: Vec<Cell>,
    pub clock: Option<Cell>,
}

/// Bodies of first layers take 1 ms.
pub static SLOW: AtomicBool = AtomicBool::new(false);

/// What generational queries find outside.
pub static WORLD: AtomicU64 = AtomicU64::new(0);

#[salsa::db]
#[derive(Clone, Default)]
pub struct Db {
    storage: salsa::Storage<Self>,
    pub shape: Arc<Shape>,
}

#[salsa::db]
impl salsa::Database for Db {}

#[salsa::db]
impl Bench for Db {
    fn shape(&self) -> &Shape {
        &self.shape
    }
}

fn source(db: &dyn Bench, input: u64) -> u64 {
    db.shape().cells[input as usize].value(db)
}

/// What runs in each generation reads the clock.
fn tick(db: &dyn Bench) {
    db.shape().clock.expect("the graph has a clock").value(db);
}

#[salsa::tracked(returns(copy))]
pub fn node<'db>(db: &'db dyn Bench, place: Place<'db>) -> u64 {
    let key = place.key(db);
    let layers = db.shape().layers;
    if let Some(input) = layers.input(key) {
        if SLOW.load(Relaxed) {
            shapes::spin();
        }
        return shapes::half(key, source(db, input));
    }
    let (a, b, c) = layers.reads(key);
    shapes::combine(
        key,
        node(db, Place::new(db, a)),
        node(db, Place::new(db, b)),
        node(db, Place::new(db, c)),
    )
}

#[salsa::tracked(returns(copy))]
pub fn top<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let graph = at.key(db);
    db.shape()
        .layers
        .top(graph)
        .fold(0, |root, k| fold(root, node(db, Place::new(db, k))))
}

#[salsa::tracked(returns(copy))]
pub fn half<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    shapes::half(key, source(db, key))
}

#[salsa::tracked(returns(copy))]
pub fn fan(db: &dyn Bench) -> u64 {
    (0..db.shape().size).fold(0, |root, k| fold(root, half(db, Key::new(db, k))))
}

#[salsa::tracked(returns(copy))]
pub fn direct(db: &dyn Bench) -> u64 {
    (0..db.shape().size).fold(0, |root, k| fold(root, source(db, k)))
}

#[salsa::tracked(returns(copy))]
pub fn link<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    match key {
        0 => shapes::half(0, source(db, 0)),
        _ => shapes::link(key, link(db, Key::new(db, key - 1))),
    }
}

#[salsa::tracked(returns(copy))]
pub fn found<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    tick(db);
    shapes::leaf(key, WORLD.load(Relaxed))
}

#[salsa::tracked(returns(copy))]
pub fn unmoved(db: &dyn Bench) -> u64 {
    tick(db);
    shapes::half(0, shapes::initial(0))
}

#[salsa::tracked(returns(copy))]
pub fn tied<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    match key {
        0 => unmoved(db),
        _ => shapes::link(key, tied(db, Key::new(db, key - 1))),
    }
}

#[salsa::tracked(returns(copy))]
pub fn forest(db: &dyn Bench) -> u64 {
    (0..db.shape().size).fold(0, |root, k| fold(root, found(db, Key::new(db, k))))
}

#[salsa::tracked(returns(copy))]
pub fn rung<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    let k = key / 3;
    if key % 3 == JOINT {
        return fold(
            rung(db, Key::new(db, 3 * k + LEFT)),
            rung(db, Key::new(db, 3 * k + RIGHT)),
        );
    }
    let below = if k == 0 {
        half(db, Key::new(db, 0))
    } else {
        rung(db, Key::new(db, 3 * (k - 1) + JOINT))
    };
    shapes::mix(below.wrapping_add(key))
}

#[salsa::tracked(returns(copy))]
pub fn choice<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    let d = db.shape().dynamic;
    if let Some(input) = d.0.input(key) {
        return shapes::dynamic_input(source(db, input));
    }
    let column = choice(db, Key::new(db, key - d.0.width));
    let (a, b) = d.others(key, column);
    shapes::dynamic_combine(
        key,
        column,
        choice(db, Key::new(db, a)),
        choice(db, Key::new(db, b)),
    )
}

#[salsa::tracked(returns(copy))]
pub fn choices(db: &dyn Bench) -> u64 {
    db.shape()
        .dynamic
        .0
        .top(0)
        .fold(0, |root, k| fold(root, choice(db, Key::new(db, k))))
}

#[salsa::tracked(returns(copy))]
pub fn hot<'db>(db: &'db dyn Bench, name: Name<'db>) -> u64 {
    let key = name.key(db);
    shapes::half(key as u64, shapes::initial(key as u64))
}

thread_local! {
    /// What the last run of `inside` took, apart from starting and ending it.
    pub static INSIDE_TOOK: Local<Duration> = const { Local::new(Duration::ZERO) };
}

#[salsa::tracked(returns(copy))]
pub fn inside<'db>(db: &'db dyn Bench, _name: Name<'db>) -> u64 {
    let begin = Instant::now();
    let root = (0..INSIDE_KEYS).fold(0, |root, k| fold(root, hot(db, Name::new(db, k))));
    INSIDE_TOOK.set(begin.elapsed());
    root
}

#[salsa::tracked(returns(copy))]
pub fn body<'db>(db: &'db dyn Bench, at: Key<'db>) -> u64 {
    let key = at.key(db);
    shapes::body(key)
}

#[salsa::tracked(returns(copy))]
pub fn bodies(db: &dyn Bench) -> u64 {
    (0..db.shape().size).fold(0, |root, k| fold(root, body(db, Key::new(db, k))))
}
