//! The machines' only source of chance: a seed, stretched with BLAKE3. Who does not know the seed cannot foresee which
//! neighbour a node picks; who knows it can replay a whole run.

use core::time::Duration;

/// A seeded generator, 40 bytes small.
#[derive(Clone)]
pub(crate) struct Random {
    key: [u8; 32],
    drawn: u64,
}

impl core::fmt::Debug for Random {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Random")
    }
}

impl Random {
    /// A generator of its own for each `purpose`.
    pub(crate) fn new(seed: &[u8; 32], purpose: &str) -> Self {
        let key = *blake3::keyed_hash(seed, purpose.as_bytes()).as_bytes();
        Self { key, drawn: 0 }
    }

    /// A generator that goes its own way from here.
    pub(crate) fn child(&mut self) -> Self {
        let key = *blake3::keyed_hash(&self.key, &self.drawn.to_be_bytes()).as_bytes();
        self.drawn = self.drawn.wrapping_add(1);
        Self::new(&key, "child")
    }

    pub(crate) fn next(&mut self) -> u64 {
        let hash = blake3::keyed_hash(&self.key, &self.drawn.to_le_bytes());
        self.drawn = self.drawn.wrapping_add(1);
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        u64::from_le_bytes(word)
    }

    /// Evenly from `0..bound`; 0 for an empty range.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        usize::try_from((u128::from(self.next()) * u128::from(bound)) >> 64).unwrap_or(0)
    }

    /// Evenly from `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// `span`, give or take a quarter: keeps nodes that started together from beating together.
    pub(crate) fn about(&mut self, span: Duration) -> u64 {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX / 4);
        (micros as f64 * (0.75 + self.unit() / 2.0)) as u64
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = self.below(end + 1);
            items.swap(end, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let draw = |seed, purpose| Random::new(&[seed; 32], purpose).next();
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(&[7; 32], "range");
        assert_eq!(random.below(0), 0);
        for _ in 0..1000 {
            assert!(random.below(5) < 5);
            let about = random.about(Duration::from_secs(4));
            assert!((3_000_000..5_000_001).contains(&about));
        }
    }
}
