//! The name of a wheel, and whether it runs here (PEP 425, 427, 600).

/// `distribution-version(-build)?-python-abi-platform.whl`, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct WheelName {
    /// Lower case, `_` between words.
    pub(super) distribution: String,
    pub(super) version: String,
    pub(super) tags: Vec<Tag>,
}

/// One way in which a wheel can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    python: String,
    abi: String,
    platform: String,
}

impl WheelName {
    /// Reads the last part of a path; none when it is no wheel's name.
    pub(super) fn read(path: &str) -> Option<Self> {
        let file = path.rsplit('/').next()?.strip_suffix(".whl")?;
        let parts: Vec<&str> = file.split('-').collect();
        let (distribution, version, python, abi, platform) = match parts.as_slice() {
            [distribution, version, python, abi, platform] => {
                (distribution, version, python, abi, platform)
            }
            [distribution, version, build, python, abi, platform]
                if build.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                (distribution, version, python, abi, platform)
            }
            _ => return None,
        };
        let word = |text: &str| {
            !text.is_empty()
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '!'))
        };
        if ![distribution, version, python, abi, platform]
            .iter()
            .all(|part| word(part))
        {
            return None;
        }
        let mut tags = Vec::new();
        for python in python.split('.') {
            for abi in abi.split('.') {
                for platform in platform.split('.') {
                    tags.push(Tag {
                        python: python.into(),
                        abi: abi.into(),
                        platform: platform.into(),
                    });
                }
            }
        }
        if tags.len() > 64 {
            return None;
        }
        let distribution = distribution.to_ascii_lowercase().replace('.', "_");
        Some(Self {
            distribution,
            version: (*version).into(),
            tags,
        })
    }
}

impl Tag {
    /// How well it fits CPython 3.`minor` on this machine; none when not. Native beats stable ABI beats pure.
    pub(super) fn fits(&self, minor: u32, glibc: Option<(u32, u32)>, machine: &str) -> Option<u32> {
        if !self.platform_fits(glibc, machine) {
            return None;
        }
        let own = format!("cp3{minor}");
        let python: Option<u32> = self
            .python
            .strip_prefix("cp3")
            .and_then(|minor| minor.parse().ok());
        match self.abi.as_str() {
            abi if abi == own && self.python == own => Some(1000),
            "abi3" => python
                .filter(|least| *least <= minor)
                .map(|least| 500 + least.min(100)),
            "none" => match self.python.as_str() {
                "py3" => Some(100),
                python if python == own => Some(300),
                python => {
                    let least: u32 = python.strip_prefix("py3")?.parse().ok()?;
                    (least <= minor).then(|| 100 + least.min(100))
                }
            },
            _ => None,
        }
    }

    fn platform_fits(&self, glibc: Option<(u32, u32)>, machine: &str) -> bool {
        let platform = self.platform.as_str();
        if platform == "any" {
            return true;
        }
        let Some(rest) = platform
            .strip_suffix(machine)
            .and_then(|rest| rest.strip_suffix('_'))
        else {
            return false;
        };
        let Some(here) = glibc else { return false };
        let needs = match rest {
            "linux" => (0, 0),
            "manylinux1" => (2, 5),
            "manylinux2010" => (2, 12),
            "manylinux2014" => (2, 17),
            _ => match rest
                .strip_prefix("manylinux_")
                .and_then(|version| two_numbers(version, '_'))
            {
                Some(version) => version,
                None => return false,
            },
        };
        needs <= here
    }
}

/// `2.36` as two numbers; what follows them is passed over.
pub(super) fn two_numbers(text: &str, between: char) -> Option<(u32, u32)> {
    let mut numbers = text.split(between);
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    fn fit(name: &str) -> Option<u32> {
        let name = WheelName::read(name).unwrap();
        name.tags
            .iter()
            .filter_map(|tag| tag.fits(11, Some((2, 36)), "x86_64"))
            .max()
    }

    #[test]
    fn a_wheel_runs_where_its_tags_say() {
        for (name, fits) in [
            ("wheels/flask-3.1.3-py3-none-any.whl", true),
            ("six-1.16.0-py2.py3-none-any.whl", true),
            (
                "numpy-2.3.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
                true,
            ),
            ("numpy-2.3.0-cp312-cp312-manylinux_2_28_x86_64.whl", false),
            ("numpy-2.3.0-cp311-cp311-manylinux_2_28_aarch64.whl", false),
            ("numpy-2.3.0-cp311-cp311-manylinux_2_39_x86_64.whl", false),
            ("numpy-2.3.0-cp311-cp311-musllinux_1_2_x86_64.whl", false),
            ("numpy-2.3.0-cp311-cp311-macosx_14_0_arm64.whl", false),
            (
                "cryptography-45.0-cp37-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                true,
            ),
            (
                "cryptography-45.0-cp314-abi3-manylinux2014_x86_64.whl",
                false,
            ),
        ] {
            assert_eq!(fit(name).is_some(), fits, "{name}");
        }
    }

    #[test]
    fn a_native_wheel_is_taken_before_a_pure_one() {
        assert!(
            fit("markupsafe-3.0-cp311-cp311-manylinux2014_x86_64.whl")
                > fit("markupsafe-3.0-cp39-abi3-linux_x86_64.whl")
        );
        assert!(
            fit("markupsafe-3.0-cp39-abi3-linux_x86_64.whl")
                > fit("markupsafe-3.0-py3-none-any.whl")
        );
    }

    #[test]
    fn what_is_no_wheel_has_no_name() {
        for name in [
            "flask.whl",
            "flask-3.1.3.tar.gz",
            "a-b-c-d-e-f-g.whl",
            "a b-1-py3-none-any.whl",
            "-1-py3-none-any.whl",
        ] {
            assert_eq!(WheelName::read(name), None, "{name}");
        }
        assert_eq!(
            WheelName::read("Jinja.2-3.1-1-py3-none-any.whl")
                .unwrap()
                .distribution,
            "jinja_2"
        );
    }
}
