//! Applies repairs one after the other, the fewest first.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hash, RandomState},
};

use super::cause::Cause;

/// Undoes one cause. It returns nothing where the cause cannot be, otherwise what may have been there before.
pub(super) type Repair<T> = (Cause, fn(&T) -> Vec<T>);

/// A value, and what had to be undone to get it.
#[derive(Clone)]
pub(super) struct Candidate<T> {
    pub(super) value: T,
    pub(super) causes: Vec<Cause>,
}

/// How far the search goes.
pub(super) struct Limits<T> {
    /// How many repairs one after the other.
    pub(super) depth: usize,
    pub(super) candidates: usize,
    /// What all candidates may take, by `size`.
    pub(super) total_size: usize,
    pub(super) size: fn(&T) -> usize,
}

/// The value itself, then what one repair makes of it, then two, and so on. No value comes twice.
pub(super) fn candidates<T: Clone + Hash>(
    start: &T,
    repairs: &[Repair<T>],
    limits: &Limits<T>,
) -> Vec<Candidate<T>> {
    let hasher = RandomState::new();
    let mut seen = HashSet::from([hasher.hash_one(start)]);
    let mut total = (limits.size)(start);
    let mut found = vec![Candidate {
        value: start.clone(),
        causes: Vec::new(),
    }];
    let mut next = 0;
    while let Some(base) = found
        .get(next)
        .filter(|base| base.causes.len() < limits.depth)
        .cloned()
    {
        next += 1;
        for candidate in base.repaired(repairs) {
            total += (limits.size)(&candidate.value);
            if found.len() == limits.candidates || total > limits.total_size {
                return found;
            }
            if seen.insert(hasher.hash_one(&candidate.value)) {
                found.push(candidate);
            }
        }
    }
    found
}

impl<T> Candidate<T> {
    /// What each repair makes of this.
    fn repaired(&self, repairs: &[Repair<T>]) -> impl Iterator<Item = Self> {
        let with = |cause| [self.causes.as_slice(), &[cause]].concat();
        repairs.iter().flat_map(move |(cause, repair)| {
            let values = repair(&self.value).into_iter();
            values.map(move |value| Self {
                value,
                causes: with(*cause),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPAIRS: &[Repair<u64>] = &[
        (Cause::BodyBase64, |n| vec![n * 2]),
        (Cause::BodyInText, |n| vec![n + 1]),
    ];

    fn limits(depth: usize, candidates: usize) -> Limits<u64> {
        Limits {
            depth,
            candidates,
            total_size: 1_000,
            size: |_| 1,
        }
    }

    #[test]
    fn the_fewest_repairs_come_first_and_no_value_twice() {
        let found = candidates(&1, REPAIRS, &limits(2, 100));
        let values: Vec<_> = found.iter().map(|candidate| candidate.value).collect();
        assert_eq!(values, [1, 2, 4, 3]);
        assert_eq!(found[3].causes, [Cause::BodyBase64, Cause::BodyInText]);
    }

    #[test]
    fn it_ends_at_its_limits() {
        assert_eq!(candidates(&1, REPAIRS, &limits(60, 100)).len(), 100);
    }
}
