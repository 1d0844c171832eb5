//! A coordinate on the wire: `[[eight places], height, adjustment, error]`, microseconds and (the error)
//! thousandths as integers, at most 60 bytes of CBOR.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Coordinate, DIMENSIONS, ERROR_MAX, HEIGHT_MIN, RTT_MAX};

const MICROS: f64 = 1e6;
const LONGEST: i32 = (RTT_MAX * MICROS) as i32;

type Fields = ([i32; DIMENSIONS], i32, i32, u16);

fn micros(seconds: f64) -> i32 {
    (seconds * MICROS).round() as i32
}

impl Coordinate {
    fn fields(&self) -> Fields {
        (
            self.place.map(micros),
            micros(self.height),
            micros(self.adjustment),
            (self.error * 1000.0).round() as u16,
        )
    }

    fn from_fields((place, height, adjustment, error): Fields) -> Option<Self> {
        let fits = |value: i32| (-LONGEST..=LONGEST).contains(&value);
        let good = place.iter().all(|value| fits(*value))
            && (micros(HEIGHT_MIN)..=LONGEST).contains(&height)
            && fits(adjustment)
            && error <= (ERROR_MAX * 1000.0) as u16;
        good.then(|| Self {
            place: place.map(|value| f64::from(value) / MICROS),
            height: f64::from(height) / MICROS,
            adjustment: f64::from(adjustment) / MICROS,
            error: f64::from(error) / 1000.0,
        })
    }

    pub(super) fn rounded(&self) -> Self {
        Self::from_fields(self.fields()).unwrap_or(*self)
    }
}

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Coordinate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_fields(Fields::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("a coordinate lies outside the space"))
    }
}
