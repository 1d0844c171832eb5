//! Which calls fail, and how.

use libc::c_int;

/// The class of a call, as far as faults care.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// Needs space: writing, extending, creating.
    Write,
    /// Makes durable.
    Sync,
    /// Gives bytes back.
    Read,
}

/// What happens to a call.
pub(crate) enum Verdict {
    /// It is carried out.
    Pass,
    /// It fails with this `errno`, having done nothing.
    Fail(c_int),
    /// It does only a part, which POSIX allows; the number chooses how much, but never nothing.
    Short(u64),
    /// The disk becomes full in the middle; the number chooses where.
    Fill(u64),
}

/// Read from `WEBX_FAULTS_PLAN`: `<fault> <after> <for> <seed>`, for example `enospc 120 30 7`.
///
/// The fault strikes the calls of its class numbered `after` to `after + for`. Faults: `enospc` (writes fail, the
/// first one half done), `eio-write`, `eio-sync`, `eio-read`, and `short` (one write in four does only a part).
pub(crate) struct Plan {
    fault: Fault,
    after: u64,
    until: u64,
    seed: u64,
    seen: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoSpace,
    Io(Call),
    Short,
}

impl Plan {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let fault = match words.next()? {
            "enospc" => Fault::NoSpace,
            "eio-write" => Fault::Io(Call::Write),
            "eio-sync" => Fault::Io(Call::Sync),
            "eio-read" => Fault::Io(Call::Read),
            "short" => Fault::Short,
            _ => return None,
        };
        let after: u64 = words.next()?.parse().ok()?;
        let count: u64 = words.next()?.parse().ok()?;
        let seed: u64 = words.next()?.parse().ok()?;
        Some(Self {
            fault,
            after,
            until: after.saturating_add(count),
            seed,
            seen: 0,
        })
    }

    pub(crate) fn judge(&mut self, call: Call) -> Verdict {
        let class = match self.fault {
            Fault::NoSpace | Fault::Short => Call::Write,
            Fault::Io(class) => class,
        };
        if call != class {
            return Verdict::Pass;
        }
        let number = self.seen;
        self.seen += 1;
        if number < self.after || number >= self.until {
            return Verdict::Pass;
        }
        let random = mix(self.seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        match self.fault {
            Fault::NoSpace if number == self.after => Verdict::Fill(random),
            Fault::NoSpace => Verdict::Fail(libc::ENOSPC),
            Fault::Io(_) => Verdict::Fail(libc::EIO),
            Fault::Short if random.is_multiple_of(4) => Verdict::Short(random >> 2),
            Fault::Short => Verdict::Pass,
        }
    }
}

/// SplitMix64's finisher: spreads a counter over all bits.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
