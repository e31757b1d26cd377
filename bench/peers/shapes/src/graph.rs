/// The finalizer of splitmix64.
pub fn mix(mut x: u64) -> u64 {
    x ^= x >> 30;
    x = x.wrapping_mul(0xbf58476d1ce4e5b9);
    x ^= x >> 27;
    x = x.wrapping_mul(0x94d049bb133111eb);
    x ^ x >> 31
}

/// Adds a value to a checksum.
pub fn fold(sum: u64, v: u64) -> u64 {
    (sum ^ v).wrapping_mul(0x9e3779b97f4a7c15).wrapping_add(1)
}

/// The body of an inner node.
pub fn combine(key: u64, a: u64, b: u64, c: u64) -> u64 {
    mix(fold(fold(a.wrapping_add(key), b), c))
}

/// What an input is set to at first.
pub fn initial(input: u64) -> u64 {
    mix(input + 1)
}

/// The body of a node that reads an input: the low byte does not matter.
pub fn half(key: u64, v: u64) -> u64 {
    mix((v >> 8) + key)
}

/// An edit that `half` does not notice.
pub fn cut(input: u64, step: u64) -> u64 {
    initial(input) ^ (step % 255 + 1)
}

/// An edit of all but the low byte.
pub fn deep(input: u64, step: u64) -> u64 {
    initial(input).wrapping_add((step + 1) << 8)
}

/// The body of a node of a chain.
pub fn link(key: u64, below: u64) -> u64 {
    mix(below.wrapping_add(key))
}

/// What a leaf finds in the world at a time.
pub fn leaf(key: u64, world: u64) -> u64 {
    mix(key + (world << 32))
}

/// The key that is hit.
pub const HIT_KEY: u32 = 7;
/// The keys that are hit inside.
pub const INSIDE_KEYS: u32 = 1000;
/// The places of a rung.
pub const LEFT: u64 = 0;
pub const RIGHT: u64 = 1;
pub const JOINT: u64 = 2;

/// A layered graph, or several.
#[derive(Clone, Copy, Default)]
pub struct Layered {
    pub width: u64,
    pub layers: u64,
    pub graphs: u64,
}

impl Layered {
    /// Spreads n nodes over the graphs.
    pub const fn new(n: u64, graphs: u64) -> Self {
        let width = if n >= 10_000 * graphs {
            1000
        } else {
            at_least_2(n / graphs / 10)
        };
        Layered {
            width,
            layers: at_least_2(n / graphs / width),
            graphs,
        }
    }

    pub const fn nodes(&self) -> u64 {
        self.width * self.layers * self.graphs
    }

    pub const fn inputs(&self) -> u64 {
        self.width * self.graphs
    }

    /// The input that a node of a first layer reads.
    pub fn input(&self, key: u64) -> Option<u64> {
        let layer = key / self.width;
        (layer % self.layers == 0).then(|| layer / self.layers * self.width + key % self.width)
    }

    /// The reads of any other node.
    pub fn reads(&self, key: u64) -> (u64, u64, u64) {
        let below = (key / self.width - 1) * self.width;
        let r = mix(key);
        let at = |r: u64| below + (r * self.width >> 32);
        (key - self.width, at(r & 0xffffffff), at(r >> 32))
    }

    /// The nodes that the root of a graph reads.
    pub fn top(&self, graph: u64) -> std::ops::Range<u64> {
        let to = (graph + 1) * self.layers * self.width;
        to - self.width..to
    }

    /// Counts the nodes that must run, the root with them, when an edit of an
    /// input is not cut off anywhere.
    pub fn affected(&self, input: u64) -> u64 {
        let mut changed = vec![false; self.nodes() as usize];
        let mut count = 1;
        for k in 0..self.nodes() {
            let is = match self.input(k) {
                Some(i) => i == input,
                None => {
                    let (a, b, c) = self.reads(k);
                    changed[a as usize] || changed[b as usize] || changed[c as usize]
                }
            };
            changed[k as usize] = is;
            count += is as u64;
        }
        count
    }
}

const fn at_least_2(n: u64) -> u64 {
    if n < 2 { 2 } else { n }
}

/// A dynamic graph.
#[derive(Clone, Copy, Default)]
pub struct Dynamic(pub Layered);

impl Dynamic {
    pub const fn new(n: u64) -> Self {
        Dynamic(Layered {
            width: at_least_2(n / 20),
            layers: 20,
            graphs: 1,
        })
    }

    /// What a node reads after its column.
    pub fn others(&self, key: u64, column: u64) -> (u64, u64) {
        let (_, a, b) = self.0.reads(key);
        let below = (key / self.0.width - 1) * self.0.width;
        let at = |r: u64, by: u64| below + (r - below + by) % self.0.width;
        (at(a, column), at(b, column * column))
    }

    /// The inputs of one step of edits.
    pub fn edited(&self, step: u64) -> Vec<u64> {
        let inputs = self.0.inputs();
        let count = (inputs / 20).max(1);
        (0..count).map(|i| mix((step << 32) + i) % inputs).collect()
    }
}

/// What a node makes of its input.
pub fn dynamic_input(v: u64) -> u64 {
    v >> 8 & 15
}

/// The body of an inner node.
pub fn dynamic_combine(key: u64, column: u64, a: u64, b: u64) -> u64 {
    combine(key, column, a, b) & 15 | column & 8
}
