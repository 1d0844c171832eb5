//! GF(256) with the polynomial of AES, in the same time for every value.

use zeroize::Zeroizing;

/// The product. No table and no branch depends on a value.
fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product) = (a, b, 0_u8);
    for _ in 0..8 {
        product ^= a & 0_u8.wrapping_sub(b & 1);
        let carry = 0_u8.wrapping_sub(a >> 7);
        a = (a << 1) ^ (carry & 0x1b);
        b >>= 1;
    }
    product
}

/// `a` to the power of 254, which is `1 / a`, and 0 for 0.
fn invert(a: u8) -> u8 {
    // 254 = 0b1111_1110.
    let mut power = a;
    let mut result = 1;
    for _ in 0..7 {
        power = mul(power, power);
        result = mul(result, power);
    }
    result
}

/// A place and the bytes that the polynomials have there.
pub(super) struct Point {
    pub(super) x: u8,
    pub(super) y: Zeroizing<Vec<u8>>,
}

/// The bytes at `x` of the polynomials of the lowest degree through all points. No two points may have the same place; all
/// have the same length.
pub(super) fn interpolate(points: &[Point], x: u8) -> Zeroizing<Vec<u8>> {
    if let Some(point) = points.iter().find(|point| point.x == x) {
        return point.y.clone();
    }
    let length = points.first().map_or(0, |point| point.y.len());
    let mut result = Zeroizing::new(vec![0; length]);
    for point in points {
        let mut weight = 1;
        for other in points.iter().filter(|other| other.x != point.x) {
            weight = mul(weight, mul(x ^ other.x, invert(point.x ^ other.x)));
        }
        for (sum, y) in result.iter_mut().zip(point.y.iter()) {
            *sum ^= mul(*y, weight);
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{invert, mul};

    #[test]
    fn the_field_is_that_of_aes() {
        // FIPS 197, section 4.2.
        assert_eq!(mul(0x57, 0x83), 0xc1);
        assert_eq!(mul(0x57, 0x13), 0xfe);
    }

    #[test]
    fn every_value_but_zero_has_its_inverse() {
        assert_eq!(invert(0), 0);
        for a in 1..=255 {
            assert_eq!(mul(a, invert(a)), 1, "{a}");
            for b in 0..=255 {
                assert_eq!(mul(a, b), mul(b, a));
            }
        }
    }
}
