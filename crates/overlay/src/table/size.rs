//! How many nodes the network has, seen from the places around look-ups.

use std::collections::VecDeque;

use super::buckets::K;

const SAMPLES: usize = 16;

/// The median of the last look-ups' estimates, so that one crowded region says little.
#[derive(Debug, Default)]
pub(crate) struct Size(VecDeque<f64>);

impl Size {
    /// Takes the distances of the closest nodes around a place, sorted. With fewer than there should be, the network is so
    /// small that they are all of it.
    pub(crate) fn sample(&mut self, distances: &[[u8; 32]]) {
        if self.0.len() >= SAMPLES {
            self.0.pop_front();
        }
        self.0.push_back(estimate(distances));
    }

    /// The estimate, and none before the first look-up.
    pub(crate) fn nodes(&self) -> Option<f64> {
        let mut sorted: Vec<f64> = self.0.iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }

    /// How many leading bits the nodes share that hold about K of this network.
    pub(crate) fn region(&self) -> u32 {
        let ratio = self.nodes().unwrap_or(0.0) / K as f64;
        if ratio < 2.0 { 0 } else { ratio.log2() as u32 }
    }

    /// Whether nodes stand closer around a place than chance explains (less than once in 10,000 look-ups): 10 where the
    /// size says 2, or 20 where it says 6.
    pub(crate) fn dense(&self, distances: &[[u8; 32]]) -> bool {
        let Some(nodes) = self.nodes().filter(|_| self.0.len() >= 3) else {
            return false;
        };
        [(10, 5.0), (20, 3.2)].iter().any(|(count, factor)| {
            distances
                .get(count - 1)
                .is_some_and(|far| *count as f64 / (fraction(far) * nodes.max(1.0)) > *factor)
        })
    }
}

/// Least squares: the i-th closest of n evenly spread nodes is about i/n of the ring away.
fn estimate(distances: &[[u8; 32]]) -> f64 {
    let distances = distances.get(..K).unwrap_or(distances);
    if distances.len() < K {
        return distances.len() as f64;
    }
    let (mut squares, mut products) = (0.0, 0.0);
    for (index, distance) in (1_u32..).zip(distances) {
        squares += f64::from(index * index);
        products += f64::from(index) * fraction(distance);
    }
    (squares / products.max(1e-18)).min(1e15)
}

/// A distance as a part of the whole ring.
fn fraction(distance: &[u8; 32]) -> f64 {
    let head = distance.first_chunk().copied().unwrap_or_default();
    u64::from_be_bytes(head) as f64 / 2_f64.powi(64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn around(nodes: usize, random: &mut Random) -> Vec<[u8; 32]> {
        let mut all: Vec<[u8; 32]> = (0..nodes)
            .map(|_| {
                let mut distance = [0; 32];
                distance[..8].copy_from_slice(&random.next().to_be_bytes());
                distance
            })
            .collect();
        all.sort_unstable();
        all.truncate(K);
        all
    }

    #[test]
    fn the_size_is_estimated_within_a_third() {
        for nodes in [100, 1000, 10_000] {
            let mut random = Random::new(&[3; 32], "size");
            let mut size = Size::default();
            for _ in 0..SAMPLES {
                size.sample(&around(nodes, &mut random));
            }
            let off = size.nodes().unwrap_or_default() / nodes as f64;
            assert!((0.67..1.5).contains(&off), "{nodes}: {off}");
            let region = 2_u32.pow(size.region()) as f64;
            assert!((10.0..60.0).contains(&(nodes as f64 / region)));
        }
    }

    #[test]
    fn a_network_smaller_than_a_bucket_is_counted() {
        let mut size = Size::default();
        size.sample(&around(7, &mut Random::new(&[3; 32], "size")));
        assert_eq!(size.nodes(), Some(7.0));
        assert_eq!(size.region(), 0);
    }

    #[test]
    fn a_crowded_region_is_seen_and_an_honest_one_is_not() {
        let mut random = Random::new(&[4; 32], "size");
        let mut size = Size::default();
        for _ in 0..8 {
            size.sample(&around(2000, &mut random));
        }
        let alarms = (0..300).filter(|_| size.dense(&around(2000, &mut random)));
        assert_eq!(alarms.count(), 0);
        assert!(size.dense(&around(20_000, &mut random)));
        // One more crowded sample does not move the median.
        size.sample(&around(50_000, &mut random));
        assert!(size.nodes().unwrap_or_default() < 4000.0);
    }
}
