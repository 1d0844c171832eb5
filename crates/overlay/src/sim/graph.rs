//! How well a graph holds together.

use super::Chance;

/// An undirected graph over `0..n`.
#[derive(Debug, Clone, Default)]
pub struct Graph(Vec<Vec<usize>>);

impl Graph {
    /// From edges; loops, doubles and ends outside the graph are left out.
    #[must_use]
    pub fn new(nodes: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut around = vec![Vec::new(); nodes];
        for (a, b) in edges {
            if a != b && a < nodes && b < nodes {
                for (from, to) in [(a, b), (b, a)] {
                    if let Some(list) = around.get_mut(from) {
                        list.push(to);
                    }
                }
            }
        }
        for list in &mut around {
            list.sort_unstable();
            list.dedup();
        }
        Self(around)
    }

    /// Edges at a node, on average.
    #[must_use]
    pub fn mean_degree(&self) -> f64 {
        let ends: usize = self.0.iter().map(Vec::len).sum();
        ends as f64 / self.0.len().max(1) as f64
    }

    /// The share of nodes in the largest connected part.
    #[must_use]
    pub fn largest_part(&self) -> f64 {
        let mut seen = vec![false; self.0.len()];
        let mut largest = 0;
        for start in 0..self.0.len() {
            let mut stack = vec![start];
            let mut size = 0;
            while let Some(node) = stack.pop() {
                let Some(mark) = seen.get_mut(node).filter(|mark| !**mark) else {
                    continue;
                };
                *mark = true;
                size += 1;
                stack.extend(self.0.get(node).into_iter().flatten());
            }
            largest = largest.max(size);
        }
        largest as f64 / self.0.len().max(1) as f64
    }

    /// λ₂ of the normalised Laplacian (Chung): 0 for a graph in parts; a random graph of degree d has about `1 - 2/√d`. By
    /// power iteration, so an estimate from above that comes close in `rounds` rounds.
    #[must_use]
    pub fn lambda2(&self, rounds: usize, seed: u64) -> f64 {
        let root: Vec<f64> = self
            .0
            .iter()
            .map(|list| (list.len() as f64).sqrt())
            .collect();
        let weight: f64 = root.iter().map(|one| one * one).sum();
        if self.0.len() < 2 || weight == 0.0 || root.contains(&0.0) {
            return 0.0;
        }
        let mut chance = Chance::new(seed);
        let mut vector: Vec<f64> = root.iter().map(|_| chance.unit() - 0.5).collect();
        let mut share = 0.0;
        for _ in 0..rounds {
            // Without its part along the first eigenvector, the roots of the degrees.
            let along: f64 = vector.iter().zip(&root).map(|(v, r)| v * r).sum::<f64>() / weight;
            for (v, r) in vector.iter_mut().zip(&root) {
                *v -= along * r;
            }
            let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
            if length == 0.0 {
                return 0.0;
            }
            for v in &mut vector {
                *v /= length;
            }
            // (I + A') / 2 has only eigenvalues in 0..=1, the second largest belongs to λ₂.
            let next: Vec<f64> = self
                .0
                .iter()
                .enumerate()
                .map(|(node, list)| {
                    let own = vector.get(node).copied().unwrap_or(0.0);
                    let around: f64 = list
                        .iter()
                        .filter_map(|other| Some(vector.get(*other)? / root.get(*other)?))
                        .sum();
                    (own + around / root.get(node).copied().unwrap_or(1.0)) / 2.0
                })
                .collect();
            share = vector.iter().zip(&next).map(|(v, n)| v * n).sum();
            vector = next;
        }
        (2.0 * (1.0 - share)).clamp(0.0, 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_has_the_lambda2_of_a_ring() {
        let ring = Graph::new(12, (0..12).map(|node| (node, (node + 1) % 12)));
        let exact = 1.0 - (core::f64::consts::TAU / 12.0).cos();
        assert!((ring.lambda2(500, 1) - exact).abs() < 1e-3);
        assert!((ring.mean_degree() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn a_full_graph_holds_together_best() {
        let all = (0..10).flat_map(|a| (0..10).map(move |b| (a, b)));
        let exact = 10.0 / 9.0;
        assert!((Graph::new(10, all).lambda2(300, 1) - exact).abs() < 0.05);
    }

    #[test]
    fn a_graph_in_two_parts_has_none() {
        let parts = Graph::new(8, [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 6), (6, 7)]);
        assert!(parts.lambda2(500, 1) < 1e-3);
        assert!((parts.largest_part() - 5.0 / 8.0).abs() < 1e-9);
        assert_eq!(Graph::new(3, [(0, 1)]).lambda2(10, 1), 0.0);
    }
}
