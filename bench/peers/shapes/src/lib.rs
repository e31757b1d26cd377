//! The shapes that engines are measured with: a copy of the Go package
//! bench/shapes, which must stay the same to the bit. What each thing is for is
//! said there.

mod graph;
mod heap;
mod measure;
mod scaling;

pub use graph::*;
pub use measure::*;
pub use scaling::*;

/// What a child prints.
pub struct Measured {
    pub value: f64,
    pub units: u64,
    pub answer: u64,
    pub extra: Vec<(&'static str, f64)>,
}

/// A value, or why there is none.
pub type Outcome = Result<Measured, &'static str>;

/// Runs the shape that the command line asks for, and prints the outcome.
pub fn main(measure: fn(shape: &str, n: u64) -> Outcome) {
    heap::limit();
    let (mut shape, mut n, mut stack) = (String::new(), 0, 0);
    let mut args = std::env::args().skip(1);
    while let (Some(flag), Some(value)) = (args.next(), args.next()) {
        match flag.as_str() {
            "-shape" => shape = value,
            "-n" => n = value.parse().expect("-n is a number"),
            "-stack" => stack = value.parse::<usize>().expect("-stack is a number of MB"),
            _ => panic!("unknown flag {flag}"),
        }
    }
    if stack == 0 {
        return print(measure(&shape, n)); // on the stack that programs begin with
    }
    std::thread::Builder::new()
        .stack_size(stack << 20)
        .spawn(move || print(measure(&shape, n)))
        .expect("a thread with this stack")
        .join()
        .expect("it has not panicked");
}

fn print(outcome: Outcome) {
    match outcome {
        Err(why) => println!("{{\"cannot\":\"{why}\"}}"),
        Ok(m) => {
            let extra: Vec<String> = m
                .extra
                .iter()
                .map(|(k, v)| format!("\"{k}\":{v}"))
                .collect();
            println!(
                "{{\"value\":{},\"units\":{},\"answer\":\"{:016x}\",\"extra\":{{{}}}}}",
                m.value,
                m.units,
                m.answer,
                extra.join(",")
            );
        }
    }
}
