//! Deliveries: good, slightly off, hostile. Each kind of difference comes up often.

use super::delivery::{Delivery, key, sign};

/// `SplitMix64`: small, and the same everywhere.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The same numbers for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// The next delivery. `now` is in seconds since 1970; at least 400.
///
/// One in three is rearranged as a proxy or an attacker does it, one in five has a byte changed, lost or gained.
pub fn delivery(random: &mut Random, now: u64) -> Delivery {
    loop {
        let mut delivery = built(random, now);
        if random.one_in(3) {
            rearrange(random, &mut delivery);
        }
        if random.one_in(5) {
            corrupt(random, &mut delivery);
        }
        if delivery.header_map().is_some() {
            return delivery;
        }
    }
}

/// Signed over what it is made of, whatever that is.
fn built(random: &mut Random, now: u64) -> Delivery {
    let secret = secret(random);
    let id = id(random);
    let (timestamp, signed_timestamp) = timestamp(random, now);
    let body = body(random);
    let right = sign(
        &key(&secret),
        id.as_bytes(),
        signed_timestamp.as_bytes(),
        &body,
    );
    let family = random.pick(&["svix", "webhook", "webhook"]);
    let name = |part| format!("{family}-{part}");
    let mut headers = vec![
        (name("id"), id.into()),
        (name("timestamp"), timestamp.into()),
    ];
    for line in signature_lines(random, &right) {
        headers.push((name("signature"), line));
    }
    Delivery {
        secret,
        headers,
        body,
    }
}

fn secret(random: &mut Random) -> String {
    match random.below(36) {
        0 => format!("{SECRET}\n"),
        1 => format!(" {SECRET} "),
        2 => "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2s".to_owned(),
        3 => "whsec_c2hvcnQ=".to_owned(),
        4 => format!("whsec_{}", "A".repeat(32)),
        5 => random.pick(&["", "whsec_"]).to_owned(),
        6 => SECRET[6..].to_owned(),
        7 => format!("\"{SECRET}\""),
        _ => SECRET.to_owned(),
    }
}

fn id(random: &mut Random) -> String {
    match random.below(36) {
        0 => String::new(),
        1 => "msg.1".to_owned(),
        2 => random.pick(&["msg 1", "msg\t1", "msg_1 ", " "]).to_owned(),
        3 => "m".repeat(256),
        4 => "m".repeat(257 + random.below(300)),
        5 => random.pick(&["msg_é", "ｍｓｇ", "🦀"]).to_owned(),
        _ => format!("msg_{:x}", random.next()),
    }
}

/// As sent, and as signed: lenient parsers sign the number. Far from the edges of the tolerance.
fn timestamp(random: &mut Random, now: u64) -> (String, String) {
    let fresh = (now - 200 + random.next() % 400).to_string();
    match random.below(40) {
        0 => (format!("+{fresh}"), fresh),
        1 => (format!("+{fresh}"), format!("+{fresh}")),
        2 => (format!("0{fresh}"), fresh),
        3 => (format!("00{fresh}"), format!("00{fresh}")),
        4 => {
            let malformed = [
                format!("-{fresh}"),
                format!("{fresh}.0"),
                format!(" {fresh}"),
                format!("{fresh} "),
                format!("{fresh}e0"),
                String::new(),
                "soon".to_owned(),
                format!("1{fresh}0000000000"),
            ];
            let timestamp = random.pick(&malformed);
            (timestamp.clone(), random.pick(&[timestamp, fresh]))
        }
        5 => {
            let stale = (now - 400 - random.next() % 100_000).to_string();
            (stale.clone(), stale)
        }
        6 => {
            let early = (now + 400 + random.next() % 100_000).to_string();
            (early.clone(), early)
        }
        7 => {
            let smallest = i64::MIN.to_string();
            (smallest.clone(), smallest)
        }
        8 => {
            let extreme = random
                .pick(&[i64::MAX, i64::MAX - 1, i64::MIN + 1, -1, 0, 1])
                .to_string();
            (extreme.clone(), extreme)
        }
        _ => (fresh.clone(), fresh),
    }
}

fn body(random: &mut Random) -> Vec<u8> {
    let count = random.below(200);
    match random.below(8) {
        0 => random.bytes(1 + count),
        1 => Vec::new(),
        2 => "héllo, 🦀".as_bytes().to_vec(),
        3 => format!(".{}.", random.next()).into_bytes(),
        _ => format!(
            r#"{{"type":"user.created","data":{{"id":"{}"}}}}"#,
            random.next()
        )
        .into_bytes(),
    }
}

fn signature_lines(random: &mut Random, right: &str) -> Vec<Vec<u8>> {
    let good = format!("v1,{right}");
    let wrong = format!("v1,{}", sign(&key(OTHER_SECRET), b"", b"", b""));
    let line = match random.below(30) {
        0 => format!("{wrong},{good}"),
        1 => format!("{wrong}, {good}"),
        2 => format!("{wrong}\t{good}"),
        3 => format!("v1, {right}"),
        4 => format!("v1,v1,{right}"),
        5 => format!("{wrong} {good}"),
        6 => format!("{good} {wrong} v1a,{right}"),
        7 => return vec![wrong.into(), good.into()],
        8 => return vec![good.into(), wrong.into()],
        9 => return vec![b"v1".to_vec(), right.into()],
        10 => format!(
            "{} {good}",
            random.pick(&["v1,abc", "v1,", "v1,====", "v1,a2V5"])
        ),
        11 => format!(
            "{} {good}",
            random.pick(&["garbage", "v1a,abc", "v2", ",,,"])
        ),
        12 => return vec![[b"v1,\xff ", good.as_bytes()].concat()],
        13 => format!("{}{good}", "v1a,x ".repeat(30 + random.below(4))),
        14 => random.pick(&[
            wrong,
            right.to_owned(),
            format!("v1a,{right}"),
            format!("V1,{right}"),
            format!("{good}="),
            format!("{good}!"),
            good[..46].to_owned(),
            String::new(),
            "v1,".to_owned(),
            "v1".to_owned(),
        ]),
        15 => soup(random, right),
        _ => good,
    };
    vec![line.into()]
}

/// Pieces of entries in any order.
fn soup(random: &mut Random, right: &str) -> String {
    let pieces = [
        right, right, "v1", "v1", ",", ",", " ", " ", "v1a", "\t", "=", "x",
    ];
    let count = 1 + random.below(12);
    (0..count).map(|_| random.pick(&pieces)).collect()
}

/// What proxies, decoys and attackers do to whole headers.
fn rearrange(random: &mut Random, delivery: &mut Delivery) {
    let place = random.below(delivery.headers.len());
    let (name, value) = delivery.headers[place].clone();
    let renamed = match name.strip_prefix("svix-") {
        Some(part) => format!("webhook-{part}"),
        None => name.replace("webhook-", "svix-"),
    };
    let decoy = random.pick(&[value.clone(), b"decoy".to_vec(), Vec::new()]);
    match random.below(6) {
        0 => drop(delivery.headers.remove(place)),
        1 => delivery.headers.push((name, decoy)),
        2 => delivery.headers.insert(0, (name, decoy)),
        3 => delivery.headers[place].0 = renamed,
        4 => delivery.headers.push((renamed, decoy)),
        _ => {
            for part in ["id", "timestamp", "signature"] {
                let family = random.pick(&["svix", "webhook"]);
                delivery
                    .headers
                    .push((format!("{family}-{part}"), decoy.clone()));
            }
        }
    }
}

/// A byte changed, lost or gained, in a header or in the body.
fn corrupt(random: &mut Random, delivery: &mut Delivery) {
    let place = random.below(delivery.headers.len() + 1);
    let bytes = match delivery.headers.get_mut(place) {
        Some((_, value)) => value,
        None => &mut delivery.body,
    };
    let at = random.below(bytes.len() + 1);
    let byte = random.pick(&[b' ', b',', b'.', b'0', b'=', b'\t', b'v', 0xe9]);
    match (random.below(4), bytes.get_mut(at)) {
        (0, Some(found)) => *found ^= 1 << random.below(8),
        (1, Some(_)) => drop(bytes.remove(at)),
        (2, _) => bytes.truncate(at),
        _ => bytes.insert(at, byte),
    }
}
