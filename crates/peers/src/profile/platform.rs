//! What differs between operating systems: how a machine says what it is.

use std::path::Path;

use super::Detected;

/// Looks at this machine.
pub(super) fn detect(data: &Path) -> Detected {
    let mut found = Detected {
        cores: std::thread::available_parallelism()
            .ok()
            .and_then(|cores| u32::try_from(cores.get()).ok()),
        disk: free(data),
        ..Detected::default()
    };
    #[cfg(target_os = "linux")]
    linux::look(Path::new("/"), &mut found);
    // On other systems the rest is unknown until the person sets it.
    #[cfg(not(target_os = "linux"))]
    let _ = &mut found;
    found
}

#[cfg(unix)]
fn free(data: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(data).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        fs::{self, File},
        io::Read as _,
        path::{Path, PathBuf},
    };

    use super::super::{Detected, Energy};

    /// Most entries of a folder that are looked at.
    const MOST: usize = 64;

    pub(super) fn look(root: &Path, found: &mut Detected) {
        found.memory = memory(root);
        found.energy = energy(root);
        found.metered = metered(root);
    }

    /// The first 4 KiB of a small file of the kernel.
    fn text(path: &Path) -> Option<String> {
        let mut text = String::new();
        let file = File::open(path).ok()?;
        file.take(4096).read_to_string(&mut text).ok()?;
        Some(text.trim().to_owned())
    }

    fn entries(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder)
            .into_iter()
            .flatten()
            .take(MOST)
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .collect()
    }

    fn memory(root: &Path) -> Option<u64> {
        let info = text(&root.join("proc/meminfo"))?;
        let line = info
            .lines()
            .find_map(|line| line.strip_prefix("MemTotal:"))?;
        let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kib.checked_mul(1024)
    }

    fn energy(root: &Path) -> Energy {
        let folder = root.join("sys/class/power_supply");
        if !folder.is_dir() {
            return Energy::Unknown;
        }
        let (mut battery, mut running_down) = (false, false);
        for supply in entries(&folder) {
            let is = |name: &str, value: &str| text(&supply.join(name)).as_deref() == Some(value);
            // The battery of a mouse says nothing about the machine.
            if is("type", "Battery") && !is("scope", "Device") {
                battery = true;
                running_down |= is("status", "Discharging");
            } else if is("online", "1") {
                return Energy::Mains;
            }
        }
        match (battery, running_down) {
            (true, true) => Energy::Battery,
            // Without any battery it runs from the mains; a full one that is not running down, too.
            _ => Energy::Mains,
        }
    }

    /// A mobile modem costs by the byte, as far as anybody can tell; of other links nothing is known.
    fn metered(root: &Path) -> Option<bool> {
        entries(&root.join("sys/class/net"))
            .iter()
            .any(|link| {
                text(&link.join("operstate")).as_deref() == Some("up")
                    && text(&link.join("uevent"))
                        .is_some_and(|text| text.lines().any(|line| line == "DEVTYPE=wwan"))
            })
            .then_some(true)
    }

    #[cfg(test)]
    mod tests {
        #![allow(clippy::unwrap_used)]
        use super::*;

        fn machine(files: &[(&str, &str)]) -> Detected {
            let root = tempfile::tempdir().unwrap();
            for (path, content) in files {
                let path = root.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            let mut found = Detected::default();
            look(root.path(), &mut found);
            found
        }

        #[test]
        fn a_laptop_on_its_battery_with_a_mobile_modem() {
            let found = machine(&[
                (
                    "proc/meminfo",
                    "MemTotal:       16384256 kB\nMemFree: 1 kB\n",
                ),
                ("sys/class/power_supply/AC/type", "Mains\n"),
                ("sys/class/power_supply/AC/online", "0\n"),
                ("sys/class/power_supply/BAT0/type", "Battery\n"),
                ("sys/class/power_supply/BAT0/status", "Discharging\n"),
                ("sys/class/net/wwan0/operstate", "up\n"),
                (
                    "sys/class/net/wwan0/uevent",
                    "DEVTYPE=wwan\nINTERFACE=wwan0\n",
                ),
            ]);
            assert_eq!(found.memory, Some(16_384_256 * 1024));
            assert_eq!((found.energy, found.metered), (Energy::Battery, Some(true)));
        }

        #[test]
        fn a_desktop_with_a_mouse_that_runs_low() {
            let found = machine(&[
                ("sys/class/power_supply/hidpp/type", "Battery\n"),
                ("sys/class/power_supply/hidpp/scope", "Device\n"),
                ("sys/class/power_supply/hidpp/status", "Discharging\n"),
                ("sys/class/net/eth0/operstate", "up\n"),
                ("sys/class/net/eth0/uevent", "INTERFACE=eth0\n"),
            ]);
            assert_eq!((found.energy, found.metered), (Energy::Mains, None));
        }

        #[test]
        fn a_system_that_says_nothing_is_unknown() {
            assert_eq!(machine(&[]), Detected::default());
            let odd = machine(&[("proc/meminfo", "MemTotal: many kB")]);
            assert_eq!(odd.memory, None);
        }

        #[test]
        fn this_machine_has_memory_cores_and_disk() {
            let found = super::super::detect(Path::new("/"));
            assert!(found.memory.is_some_and(|bytes| bytes > 1 << 20));
            assert!(found.cores.is_some_and(|cores| cores > 0));
            assert!(found.disk.is_some());
        }
    }
}
