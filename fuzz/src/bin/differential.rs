//! Decodes mutated and generated events by this crate's reader and by serde. Both must give the same result.
//!
//! `cargo run --release --bin differential -- RUNS SEED`. Panics at the first difference. The same seed
//! makes the same events.

use std::{env, fs, path::Path};

use clerk_webhooks::testing::fixtures;
use clerk_webhooks_fuzz::by_serde;
use serde_json::Value;

/// Pieces of JSON that are unusual somewhere.
const PIECES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "7.0",
    "7.5",
    "1e3",
    "1E-2",
    "01",
    "1e999",
    "-",
    "9007199254740993.0",
    "12345678901234567",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "18446744073709551616",
    "\"\"",
    "\"id\"",
    "\"id\":",
    "{}",
    "[]",
    "[[]]",
    "{\"id\":\"x\"}",
    "\"\\u003c\"",
    "\"\\u00e9\\n\\/\"",
    "\"\\ud83d\\ude00\"",
    "\"\\ud83d\"",
    "\"\\x\"",
    "\\u0069",
    "\\",
    "\"",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    " ",
    "\n\t\r ",
    "\u{1}",
    "é",
    "\u{1f6a6}",
];

fn main() {
    let mut arguments = env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"));
    let runs = arguments.next().unwrap_or(100_000);
    let mut random = Random(arguments.next().unwrap_or(1));
    let bodies = bodies();
    let names = names(&bodies);
    let mut decoded = 0;
    for run in 0..runs {
        let body = match random.below(4) {
            0 => generated(&mut random, &bodies, &names),
            _ => random.of(&bodies).clone().into_bytes(),
        };
        let body = mutated(body, &mut random, &bodies);
        decoded += u64::from(by_serde::decode(&body).is_ok());
        if (run + 1) % 1_000_000 == 0 {
            println!("{} runs, {decoded} of them events", run + 1);
        }
    }
    println!("{runs} runs, {decoded} of them events: no difference");
}

/// All fixtures, the events of all eras and the seeds of the target `event`.
fn bodies() -> Vec<String> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let files = ["tests/it/eras", "fuzz/seeds/event"]
        .iter()
        .flat_map(|folder| fs::read_dir(repository.join(folder)).unwrap())
        .map(|file| file.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort();
    let files = files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok());
    fixtures::all()
        .into_iter()
        .map(|(_, body)| body)
        .chain(files)
        .collect()
}

/// Every name of a field in these bodies.
fn names(bodies: &[String]) -> Vec<String> {
    fn collect(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                names.extend(fields.keys().cloned());
                fields.values().for_each(|value| collect(value, names));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
            _ => {}
        }
    }
    let mut names = Vec::new();
    for body in bodies {
        if let Ok(value) = serde_json::from_str(body) {
            collect(&value, &mut names);
        }
    }
    names.sort();
    names.dedup();
    names
}

/// An event of a known type whose data has known names with any values.
fn generated(random: &mut Random, bodies: &[String], names: &[String]) -> Vec<u8> {
    let event: Option<Value> = serde_json::from_str(random.of(bodies).as_str()).ok();
    let event_type = event.map_or(Value::Null, |event| event["type"].clone());
    let data = object(random, names, 3);
    let data = data
        .replacen('{', "{\"id\":\"x\",\"user_id\":\"user_1\",", 1)
        .replace(",}", "}");
    let body = match random.below(2) {
        0 => format!("{{\"type\":{event_type},\"data\":{data}}}"),
        _ => format!("{{\"data\":{data},\"timestamp\":1,\"type\":{event_type}}}"),
    };
    body.into_bytes()
}

fn object(random: &mut Random, names: &[String], depth: usize) -> String {
    let fields: Vec<_> = (0..random.below(6))
        .map(|_| {
            let name = random.of(names).clone();
            format!("\"{name}\":{}", value(random, names, depth))
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

fn value(random: &mut Random, names: &[String], depth: usize) -> String {
    match random.below(8) {
        0 if depth > 0 => object(random, names, depth - 1),
        1 if depth > 0 => format!("[{}]", value(random, names, depth - 1)),
        2 => "1716883200000".to_owned(),
        3 | 4 => format!("\"{}\"", random.of(names)),
        5 => (*random.of(&["true", "false", "null"])).to_owned(),
        6 => "null".to_owned(),
        _ => (*random.of(PIECES)).to_owned(),
    }
}

/// The same bytes after a few changes, of which most leave JSON.
fn mutated(mut body: Vec<u8>, random: &mut Random, bodies: &[String]) -> Vec<u8> {
    for _ in 0..random.below(4) {
        let at = random.below(body.len() + 1);
        let end = body.len().min(at + random.below(40));
        match random.below(8) {
            0 => {
                if let Some(byte) = body.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => drop(body.drain(at..end)),
            2 => drop(body.splice(at..at, random.of(PIECES).bytes())),
            3 => {
                let copy = body[at..end].to_vec();
                let to = random.below(body.len() + 1);
                drop(body.splice(to..to, copy));
            }
            4 => {
                let other = random.of(bodies).as_bytes();
                let from = random.below(other.len());
                let to = other.len().min(from + random.below(200));
                drop(body.splice(at..end, other[from..to].iter().copied()));
            }
            _ => replace_value(&mut body, at, random),
        }
    }
    body
}

/// Replaces the next value that is no object and no list, or the next name.
fn replace_value(body: &mut Vec<u8>, at: usize, random: &mut Random) {
    let is_end = |byte: &u8| b",}]".contains(byte);
    let Some(start) = body[at..].iter().position(|byte| b":[{,".contains(byte)) else {
        return;
    };
    let start = at + start + 1;
    let len = body[start..].iter().position(is_end).unwrap_or(0);
    drop(body.splice(start..start + len, random.of(PIECES).bytes()));
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// A number from 0 up to `end`; 0 if that is 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn of<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}
